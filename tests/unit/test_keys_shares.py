from __future__ import annotations

from itertools import permutations

import pytest

from casefile import keys
from casefile.errors import InvalidError
from casefile.keys.shares import OfflineKey

PEPPER = bytes(range(32))
ANCHOR = keys.Bundle.create(None).anchor


@pytest.fixture(scope="module")
def offline() -> OfflineKey:
    return OfflineKey.create(PEPPER)


@pytest.fixture(scope="module")
def papers(offline: OfflineKey) -> list[str]:
    return offline.split()


def read(*papers: str) -> OfflineKey:
    return keys.join([keys.read_share(paper, place) for place, paper in enumerate(papers, start=1)])


def test_any_two_papers_give_the_same_keys_and_the_pepper(
    offline: OfflineKey, papers: list[str]
) -> None:
    assert len(papers) == 3
    for pair in permutations(papers, 2):
        found = read(*pair)
        assert found.pepper == PEPPER
        assert found.bundle(ANCHOR).to_bytes() == offline.bundle(ANCHOR).to_bytes()
        assert found.vouch(ANCHOR) == offline.vouch(ANCHOR)
    assert read(*papers).pepper == PEPPER


def test_the_keys_work_and_stay_the_same_in_every_version() -> None:
    """Papers outlive programs: what follows from a seed must never change."""
    bundle = OfflineKey(bytes(32), PEPPER).bundle(bytes(32))

    assert bundle.open(bundle.public.seal(b"case key", b"info"), b"info") == b"case key"
    assert keys.digest(bundle.to_bytes()).hex().startswith(GOLDEN)


GOLDEN = "a661483013603e7c09cdcf3a56201fbc"


def test_capitals_line_ends_and_the_printed_numbers_do_not_matter(papers: list[str]) -> None:
    counted = "\n".join(f"{n} {word}" for n, word in enumerate(papers[0].upper().split(), start=1))

    assert read(counted, f"  {papers[1]}\n").pepper == PEPPER


def _with(paper: str, place: int, word: str) -> str:
    words = paper.split()
    words[place] = word
    return " ".join(words)


def test_a_word_that_is_none_is_named_by_share_and_place(papers: list[str]) -> None:
    with pytest.raises(InvalidError, match="Share 2, word 8"):
        read(papers[0], _with(papers[1], 7, "sagrada"))


def test_a_word_of_the_list_in_the_wrong_place_is_noticed(papers: list[str]) -> None:
    words = papers[1].split()
    other = "acid" if words[20] != "acid" else "acne"
    with pytest.raises(
        InvalidError,
        match=r"^Share 2: the words do not fit .* in the wrong place\. Compare them with the paper\.$",
    ):
        read(papers[0], _with(papers[1], 20, other))


@pytest.mark.parametrize("cut", [slice(0, -1), slice(1, None), slice(0, 20), slice(0, 0)])
def test_a_paper_with_words_missing_is_noticed(papers: list[str], cut: slice) -> None:
    with pytest.raises(InvalidError, match="instead of 59"):
        read(" ".join(papers[0].split()[cut]), papers[1])


def test_one_paper_is_not_enough(papers: list[str]) -> None:
    with pytest.raises(InvalidError, match="2 of the 3 shares are needed"):
        read(papers[0])
    with pytest.raises(InvalidError, match="2 of the 3 shares are needed"):
        keys.join([])


def test_the_same_paper_twice_is_not_two(papers: list[str]) -> None:
    with pytest.raises(
        InvalidError,
        match=r"^The same share was given twice\. Two different ones are needed\. Nothing was",
    ):
        read(papers[0], papers[0])


def test_papers_of_two_sets_do_not_go_together(papers: list[str]) -> None:
    others = OfflineKey.create(PEPPER).split()
    with pytest.raises(InvalidError, match="different sets"):
        read(papers[0], others[1])


def test_papers_of_two_sets_that_claim_to_be_one_do_not_go_together(papers: list[str]) -> None:
    from dataclasses import replace

    here = keys.read_share(papers[0], 1)
    there = keys.read_share(OfflineKey.create(PEPPER).split()[1], 2)
    disguised = replace(there, identifier=here.identifier)

    with pytest.raises(InvalidError, match="different sets"):
        keys.join([here, disguised])


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^An offline key is a seed and a pepper of 32 bytes each"
    ):
        OfflineKey(b"short", PEPPER)
    with pytest.raises(ValueError, match=r"^An offline key"):
        OfflineKey(bytes(32), b"short")
