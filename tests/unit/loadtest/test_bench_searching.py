"""What the bench of searching asks."""

import pytest

from loadtest.bench import searching
from loadtest.corpus import Corpus
from registry.http.search import read_question


def test_every_kind_of_question_can_be_asked():
    kinds = searching.kinds(Corpus(prefix="88.300.1"), 1000)
    asked = set()
    for kind in kinds.values():
        for number in (0, 7):
            question, _ = kind(number)
            fields = question.get("field", [])
            asked.update(question)
            read_question(
                {name: text for name, text in question.items() if name != "field"},
                [fields] if isinstance(fields, str) else fields,
            )
    assert asked >= {"name", "begins", "field", "q", "prefix", "state", "changed_since", "count"}


def test_names_that_are_to_be_found_are_those_that_are_asked_for():
    kinds = searching.kinds(Corpus(prefix="88.300.1"), 1000)
    for number in range(20):
        question, name = kinds["name"](number)
        assert question == {"name": name}


def test_too_few_identifiers_are_refused(capsys):
    with pytest.raises(SystemExit):
        searching.main(["10"])
    assert "or more" in capsys.readouterr().err
