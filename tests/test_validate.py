import pytest

from evrisim._validate import InputError, check_choice, check_range, check_whole


def test_an_unknown_choice_names_all_and_the_nearest():
    with pytest.raises(InputError) as error:
        check_choice("model", "resnet2", ["convnet", "resnet20"])
    assert str(error.value) == (
        "`model` must be one of convnet, resnet20; received 'resnet2'. Did you mean 'resnet20'?"
    )


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), "x", None])
def test_a_range_refuses_what_is_outside_or_no_number(value):
    with pytest.raises(InputError, match="`severity` must lie between 0 and 1; received"):
        check_range("severity", value, 0, 1)


@pytest.mark.parametrize("value", [0, 1, 0.5])
def test_a_range_includes_its_ends(value):
    assert check_range("severity", value, 0, 1) == value


@pytest.mark.parametrize("value", [0, True, 3.0, "3", None])
def test_a_whole_number_is_neither_truth_nor_fraction_nor_text(value):
    with pytest.raises(InputError, match="`epochs` must be a whole number of at least 1"):
        check_whole("epochs", value, 1)


def test_a_sentence_lists_no_more_choices_than_one_reads():
    many = [f"net{number}" for number in range(50)]
    with pytest.raises(InputError) as told:
        check_choice("model", "nett7", many)
    said = str(told.value)
    assert "net31, … (50 in all)" in said
    assert "net32" not in said
    assert "Did you mean 'net7'?" in said
