"""Rivals side by side: the table, the figure and the sentences follow the records, also those that say the opposite."""

import pytest

from l0lib.chapters import rival_methods
from l0lib.compress.rivals import RIVALS, TRIALS
from l0lib.experiments.records import Tuning
from l0lib.experiments.results import results
from l0lib.figures.rivals import errors_by_method
from tests.made_up import config, record, tuned

RATIOS = (20.0, 50.0, 100.0, 200.0)


def rival(name, **more):
    return config(
        experiment="rivals", arm=f"lenet-300-100-{name}", ratios=[], fine_tuned_ratios=RATIOS, fine_tuning=None,
        rival={"name": name, "settings": list(TRIALS[name][0].items())}, **more,
    )  # fmt: skip


def runs(seeds=range(5), **errors):
    """Runs by method, with its wrong answers of ten thousand at each ratio, or at all of them."""
    made = []
    for name, levels in errors.items():
        levels = levels if isinstance(levels, tuple) else (levels,) * len(RATIOS)
        for seed in seeds:
            run = record(seed, what=rival(name.replace("_", "-")))
            points = tuple(
                p.model_copy(update={"measured": p.measured.model_copy(update={"errors": level + seed})})
                for p, level in zip(run.points, levels, strict=True)
            )
            made.append(run.model_copy(update={"points": points}))
    return results(made)


def test_every_method_has_one_family():
    names = [name for family in rival_methods.FAMILIES.values() for name in family]
    assert len(names) == len(set(names))
    assert set(names) == set(RIVALS) == set(rival_methods.NAMES)


def test_the_least_error_is_named_with_what_is_not_told_apart_from_it():
    told = rival_methods.least_error(runs(l1=200, gradual=(300, 205, 300, 150), snip=900))
    assert told.sentences[0] == (
        "Of 3 methods on LeNet-300-100, the least mean error is that of ℓ1 at 20×, 50× and 100× and gradual magnitude "
        "pruning at 200×."
    )
    assert told.sentences[1] == "At 20×, 100× and 200× it is told apart from every other."
    assert told.sentences[2] == "Not told apart from the least: gradual magnitude pruning at 50×."
    assert "16 of the 19 methods have no run yet" in told.sentences[-1]


@pytest.mark.parametrize(
    ("penalty", "schedule", "lead"),
    [
        (200, 400, "Penalties win at 20×, 50×, 100× and 200×: the best of each are told apart at 4 of 4 ratios."),
        (400, 200, "Schedules win at 20×, 50×, 100× and 200×: the best of each are told apart at 4 of 4 ratios."),
        ((200, 200, 200, 400), (400, 205, 205, 200), "Penalties win at 20× and schedules win at 200×: the best of"),
        (200, 203, "Penalties win nowhere, and neither do schedules: the best of each are told apart at 0 of 4"),
    ],
)
def test_where_penalties_win_and_where_schedules_turns_with_the_records(penalty, schedule, lead):
    given = runs(l1=penalty, l2=900, gradual=schedule, rate_rewinding=900)
    told = rival_methods.families(given)
    assert told.sentences[0].startswith(lead)
    assert told.sentences[1].startswith("The error of ℓ1 less that of gradual magnitude pruning is ")
    assert "2 penalties and 2 schedules" in told.sentences[-1]
    one = rival_methods.families(runs(l1=penalty, gradual=schedule))
    assert "1 penalty and 1 schedule;" in one.sentences[-1]


def test_what_is_levelled_is_counted_by_ratio():
    told = rival_methods.levelled(runs(l1=(200, 200, 200, 200), gradual=(203, 250, 300, 600)), [])
    assert told.sentences[0] == (
        "Much at low ratios, and less at high ones: from the best method to the worst there are 0.03 points at 20×, "
        "0.50 points at 50×, 1.00 points at 100× and 4.00 points at 200×."
    )
    assert told.sentences[1] == "Of all pairs of methods, 0 of 1 are told apart at 20×, 1 of 1 at 200×."
    other = rival_methods.levelled(runs(l1=200, gradual=(600, 300, 250, 203)), [])
    assert other.sentences[0].startswith("No more at low ratios than at high ones")


@pytest.mark.parametrize("ask", [rival_methods.least_error, rival_methods.families, rival_methods.levelled])
def test_without_enough_runs_nothing_is_said(ask):
    assert "on record" in str(ask([]))
    assert "on record" in str(ask(runs(l1=200)))
    few = str(ask(runs(seeds=range(2), l1=200, gradual=400)))
    assert few == "Too few runs for a verdict: 2 seeds."


def test_the_table_marks_the_least_of_a_column_and_what_is_near():
    table = rival_methods.table(runs(l1=(200, 200, 400, 200), gradual=(203, 400, 200, 400)))
    assert [row[0] for row in table.rows] == ["gradual magnitude pruning", "ℓ1"]  # by the error at 100x
    gradual, l1 = (row[2:] for row in table.rows)
    assert [cell[0] for cell in l1] == ["●", "●", "4", "●"]
    assert [cell[0] for cell in gradual] == ["~", "4", "●", "4"]
    assert "Not run yet: ℓ2, smoothed ℓ0" in table.caption
    assert rival_methods.table([]).rows[0][0] == "not run yet"


def test_the_figure_groups_rows_by_family_and_draws_each_mean():
    figure = errors_by_method(rival_methods.by_method(runs(l1=400, l2=200, snip=900)))
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        "penalties",
        "ℓ2",
        "ℓ1",
        "before training",
        "SNIP",
    ]
    drawn = {
        (round(float(x), 2), y) for line in axis.lines if len(line.get_xdata()) == 1 for x, y in [line.get_xydata()[0]]
    }
    assert drawn == {(2.02, 1), (4.02, 2), (9.02, 4)}
    assert "not run yet" in errors_by_method({}).axes[0].texts[0].get_text()


def test_chosen_settings_are_told_with_what_lies_at_the_end():
    what = rival("l1", evaluate_on="validation")
    search = {"trial": {"choices": [float(n) for n in range(8)]}}
    trials = [
        {"number": n, "params": {"trial": float(n)}, "errors": [3 - n], "source": "written down"} for n in range(2)
    ]
    plain = tuned().model_dump(mode="json")
    plain |= {"experiment": "rivals", "arm": what.arm, "search": search, "trials": trials, "chosen": 1}
    it = Tuning.model_validate(plain | {"config": what.model_dump()})
    ((name, count, settings, spread, edge),) = rival_methods.chosen([it]).rows
    assert (name, count, spread) == ("ℓ1", "2", "2.00 to 3.00 %")
    assert "learning rate 0.05, alpha 0.0001" in settings
    assert edge == "learning rate", "the least of three; the factor lies between others"
    assert rival_methods.chosen([]).rows[0][0] == "not searched yet"
