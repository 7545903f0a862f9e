"""Native speakers' judgement of a run: a blinded page to send out, its answers read back, and what they say.

words/        instructions, one file a language; words.py reads them
reading.py    the rows of a run that can be reviewed, with what metrics say of each
key.py        whose texts stand behind a page's opaque ids; it stays in the run's folder
choosing.py   which rows a page shows, in which order, on which side
page.py       the page itself
answers.py    what a reviewer sends back: checked, kept in the run's folder
judgements.py answers with the key: marks and choices of known rows
agreement.py  between reviewers, with oneself, with metrics
preference.py what reviewers prefer, by teacher
figures.py    all of that as reviews.json; publishing.py puts it into the report
"""
