"""A teacher is a model, simulated, or data that exists; each has settings of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyteach.errors import UserError, UserErrors
from polyteach.study import Contestant, SimulatedTeacher, Study, Teacher, load_study

TEXT = """
name: small
languages: [de]
teachers: [TEACHER]
seed_data: [{pocket: 20}]
students: {bases: [{name: b, model: "pocket:base-a"}]}
benchmarks: [pocket-choice]
"""


def load(folder: Path, teacher: str) -> Study:
    path = folder / "study.yaml"
    path.write_text(TEXT.replace("TEACHER", teacher), encoding="utf-8")
    return load_study(path)


def fault(folder: Path, teacher: str) -> UserError:
    with pytest.raises(UserErrors) as caught:
        load(folder, teacher)
    (error,) = caught.value.errors
    return error


def test_what_a_teacher_has_says_what_it_is(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        "{name: a, model: m}, {name: b, simulated: {}}, {name: c, data: seed_data}, {name: d, data: x.csv}",
    ).teachers
    assert [type(teacher) for teacher in found] == [Teacher, SimulatedTeacher, Contestant, Contestant]
    assert Study.model_validate(load(tmp_path, "{name: b, simulated: {error: .2}}").model_dump()).teachers


def test_dials_are_faultless_where_nothing_is_said(tmp_path: Path) -> None:
    (teacher,) = load(tmp_path, "{name: b, simulated: {length: 3, error: 0}}").teachers
    assert isinstance(teacher, SimulatedTeacher)
    assert teacher.simulated.model_dump() == {"error": 0, "unique": 1, "wrong_language": 0, "length": 3}


@pytest.mark.parametrize(
    ("teacher", "where", "message"),
    [
        ("{name: a}", "teachers[0]", "has none of model, simulated, data"),
        ("5", "teachers[0]", "no mapping of settings (found 5)"),
        ("{simulated: {}}", "teachers[0].name", "missing"),
        ("{name: a, simulated: {}, temperature: 2}", "teachers[0].temperature", "unknown key"),
        ("{name: a, simulated: {error: 0,6}}", "teachers[0].simulated", "a key is text (found 6)"),
        ("{name: a, simulated: yes}", "teachers[0].simulated", "no mapping of settings (found true)"),
        ("{name: a, simulated: {eror: .2}}", "teachers[0].simulated.eror", "unknown key"),
        ("{name: a, simulated: {error: 1.5}}", "teachers[0].simulated.error", "less than or equal to 1"),
        ("{name: a, simulated: {error: many}}", "teachers[0].simulated.error", "valid number"),
        ("{name: a, simulated: {unique: 0}}", "teachers[0].simulated.unique", "greater than 0"),
        ("{name: a, simulated: {length: -1}}", "teachers[0].simulated.length", "greater than 0"),
        ("{name: a, simulated: {length: .nan}}", "teachers[0].simulated.length", "finite"),
        ("{name: a, simulated: 3}", "teachers[0].simulated", "no mapping"),
        ("{name: a, simulated: {}, model: m, temperature: 1}", "teachers[0]", "has model and simulated"),
        ("{name: a, data: x.csv, model: m}", "teachers[0]", "has model and data"),
        ("{name: a, data: x.csv, temperature: 1}", "teachers[0].temperature", "unknown key"),
        ("{name: reference, data: x.csv}", "teachers[0].name", "this name is taken"),
        ("{name: a, data: }", "teachers[0].data", "no mapping of languages, each once, to files"),
        ("{name: a, data: ''}", "teachers[0].data", "no mapping of languages, each once, to files"),
        ("{name: a, data: {}}", "teachers[0].data", "no mapping of languages, each once, to files"),
        ("{name: a, data: [x.csv]}", "teachers[0].data", "no mapping of languages, each once, to files"),
        ("{name: a, data: {de: 3}}", "teachers[0].data", "no mapping of languages, each once, to files"),
        ("{name: a, data: {no: x.csv}}", "teachers[0].data", "no mapping of languages, each once, to files"),
        ("{name: a, data: {xx: x.csv}}", "teachers[0].data", "unknown language 'xx'"),
        ("{name: a, data: {tl: x.csv, fil: y.csv}}", "teachers[0].data", "no mapping"),
        ("{name: a, data: x.csv}, {name: a, simulated: {}}", "teachers", "listed twice: a"),
        ("{name: é, simulated: {}}, {name: É, simulated: {}}", "teachers", "é and É are one folder on disks"),
    ],
)
def test_each_mistake_is_told_in_its_place(tmp_path: Path, teacher: str, where: str, message: str) -> None:
    error = fault(tmp_path, teacher)
    assert str(error.where).split(": ", 1)[1] == where
    assert message in error.what
    assert error.fix


@pytest.mark.parametrize(
    ("teacher", "fix"),
    [
        ("{name: a}", "simulated (of the pocket world)"),
        ("{name: a, simulated: {}, temperature: 2}", "known here: name, simulated"),
        ("{name: a, simulated: {error: 0,6}}", "0.6, not 0,6"),
        ("{name: a, simulated: yes}", "known here: error, unique, wrong_language, length"),
        ("{name: a, data: x}, {name: a, data: y}", "rename one"),
        ("{name: a b, data: x}", "choose another name"),
    ],
)
def test_the_fix_is_one_for_this_place(tmp_path: Path, teacher: str, fix: str) -> None:
    assert fix in str(fault(tmp_path, teacher).fix)


def test_an_unknown_dial_is_told_the_near_one(tmp_path: Path) -> None:
    assert fault(tmp_path, "{name: a, simulated: {eror: .2}}").fix == "did you mean `error`?"
    assert "share of facts" in str(fault(tmp_path, "{name: a, simulated: {error: 2}}").fix)


def test_languages_of_data_are_standardised(tmp_path: Path) -> None:
    (teacher,) = load(tmp_path, "{name: a, data: {tl: x.csv}}").teachers
    assert isinstance(teacher, Contestant)
    assert teacher.data == {"fil": "x.csv"}
