"""Sending a folder to the Hugging Face hub: what goes where is known before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.errors import UserError
from polyteach.export.folder import CARD

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

DATASET, MODEL = "dataset", "model"
_OPTION = "--push-to-hub"
_TOKEN = "set HF_TOKEN to a token that may write, or log in with: hf auth login"
_LEFT = "the folder is written; the same command with --push-to-hub sends it"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a folder is sent to.

    Attributes:
        repo: `org/name`.
        kind: `dataset` or `model`.
        public: whether a repository that is made can be seen by all.
        over: whether a repository that is there gets a further commit.
    """

    repo: str
    kind: str
    public: bool
    over: bool

    def in_words(self, files: Mapping[str, Mapping[str, Any]]) -> str:
        """What would be sent, and where to."""
        from huggingface_hub import constants

        size = sum(int(facts["bytes"]) for facts in files.values())
        seen = "public: everybody can read it" if self.public else "private"
        if self.over:
            seen = f"{seen}, if it is not there yet"
        said = "".join(f"  {name} ({facts['bytes']:,} bytes)\n" for name, facts in files.items())
        return (
            f"to be sent to the {self.kind} {self.repo} at {constants.ENDPOINT} ({seen}):\n{said}"
            f"  {len(files)} files, {size:,} bytes"
        )


def check_target(target: Target) -> None:
    """Checks, before anything is made or asked, that a folder could be sent.

    Raises:
        UserError: the name is none, there is no token, or the hub is switched off.
    """
    from huggingface_hub import constants
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(target.repo)
    except HFValidationError as error:
        raise UserError(f"{target.repo!r} is no repository name", _OPTION, "write it as ORG/NAME") from error
    if "/" not in target.repo:
        raise UserError(f"{target.repo!r} names no owner", _OPTION, "write it as ORG/NAME")
    if constants.HF_HUB_OFFLINE:
        raise UserError("the hub is switched off by HF_HUB_OFFLINE", _OPTION, "unset HF_HUB_OFFLINE")
    if not _token():
        raise UserError("no token of the hub is known", where=_OPTION, fix=_TOKEN)


def push(folder: Path, files: Mapping[str, Any], target: Target) -> str:
    """Makes the repository and sends the named files in one commit; returns its URL.

    Nothing else that lies in the folder is sent.

    Raises:
        UserError: the hub refuses, or is out of reach.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, RepoCard
    from huggingface_hub.errors import HfHubHTTPError, HTTPError  # type: ignore[attr-defined]

    api = HfApi(token=_token())
    try:
        RepoCard.load(folder / CARD).validate(repo_type=target.kind)  # before a repository is made for it
        url = api.create_repo(
            target.repo, repo_type=target.kind, private=not target.public, exist_ok=target.over
        )
        if target.over:
            _check_seen_by(api, target)
        api.create_commit(
            target.repo,
            [CommitOperationAdd(name, folder / name) for name in sorted(files)],
            commit_message="Exported by polyteach",
            repo_type=target.kind,
        )
    except HfHubHTTPError as error:
        raise _refused(error, target) from error
    except ValueError as error:
        what = f"the hub does not take the card: {' '.join(str(error).split())}"
        raise UserError(what, where=str(folder / CARD), fix="report it: a card should be right") from error
    except (HTTPError, OSError) as error:
        what = f"the hub cannot be reached ({type(error).__name__})"
        raise UserError(what, where=target.repo, fix=f"check the connection; {_LEFT}") from error
    return str(url)


def _check_seen_by(api: HfApi, target: Target) -> None:
    """Refuses to put into a public repository what is to be private."""
    if not target.public and not api.repo_info(target.repo, repo_type=target.kind).private:
        fix = "add --public if everybody may read it, or name another repository"
        raise UserError("the repository is there, and it is public", where=target.repo, fix=fix)


def _refused(error: HfHubHTTPError, target: Target) -> UserError:
    """A refusal of the hub as one message; never with a token in it."""
    status = error.response.status_code
    said = " ".join((error.server_message or "").split()).replace(_token() or "\0", "[token]")
    if status == 401:
        return UserError("the hub does not know the token", where=target.repo, fix=_TOKEN)
    if status == 403:
        fix = "use a token that may write there, or name a repository of your own"
        return UserError(f"the token has no right to write there{_quoted(said)}", where=target.repo, fix=fix)
    if status == 409:
        fix = "name another one, or add --force to send a further commit to it"
        return UserError("a repository of this name is there already", where=target.repo, fix=fix)
    what = f"the hub refused ({status}){_quoted(said)}"
    return UserError(what, where=target.repo, fix=f"mend what it says; {_LEFT}")


def _quoted(said: str) -> str:
    return f": {said}" if said else ""


def _token() -> str | None:
    """The token of the environment or of the login; it goes nowhere but to the hub."""
    from huggingface_hub import get_token

    return get_token()
