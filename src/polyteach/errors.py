"""Errors that are no bugs: what a user can mend (no traceback, exit code 2), and what cannot be done."""

from __future__ import annotations

from collections.abc import Sequence


class UserError(Exception):
    """Something outside the program is wrong: what, where, and how to fix it.

    Args:
        what: the fault in one sentence.
        where: the file, line, or path inside a study at which it was found.
        fix: what the user can do about it.
    """

    def __init__(self, what: str, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what, where, fix)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  fix: {self.fix}" if self.fix else text


class StepImpossible(Exception):
    """A step cannot be done with what it was given. It fails; the rest of the study goes on."""


class UserErrors(UserError):
    """Several mistakes found in one go, so that they can be mended in one go."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        super().__init__(f"{len(errors)} problems")
        self.args = (list(errors),)
        self.errors = list(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)
