"""Questions asked of a study's results, or of any published table: one file a question.

Every function takes plain sequences or a small `table.Table` of cells and returns a small dataclass with
`to_json`. What cannot be said is undefined, with the reason.
"""
