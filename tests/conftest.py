"""What every test room shares: a browser that is missing is never missed silently, the built book, and how hypothesis
draws its examples."""

import collections
import functools
import os
import random

import hypothesis
import pytest
from hypothesis import HealthCheck, settings

from tests import browser as tools
from tests.killing import SEED_VARIABLE

# Everywhere the same examples, in CI and at home, so that a failure is a change's; a seed asks for others. Both say all
# that hypothesis else decides by itself: under CI it has a profile of its own. No deadline, since machines slow down
# twofold within minutes and how long an example takes says nothing about the code.
SAID = {"deadline": None, "database": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("fixed", derandomize=True, **SAID)
settings.register_profile("seeded", derandomize=False, **SAID)

# What a test needs is seen by the fixtures it asks for; to start processes and to kill them takes a while.
NEEDS = {"chromium": "browser", "html": "book", "packages": "npm", "forks": "slow"}
#: Tests that take long.
LONG = ("browser", "npm", "slow")

NO_BROWSER = (
    "NO CHROMIUM FOUND: nothing was tested in a browser. Debian/Ubuntu: apt-get install chromium; elsewhere install "
    "Chromium or Chrome, or name it: CHROMIUM=/path/to/chromium make test"
)
NO_BOOK = "NO BUILT BOOK: its pages were not tested. Run `make book` first"
missing: set[str] = set()


def pytest_addoption(parser):
    told = "run each property test once for each of these seeds, such as 1,2,3, where --hypothesis-seed takes one"
    parser.addoption("--seeds", default="", help=told)


def pytest_configure(config):
    # set before the other processes begin: threads that share a core spend most of their time waiting for each other
    if config.getoption("numprocesses", None):
        os.environ.update(dict.fromkeys(tools.tool("execute").THREADS, "1"))
    # under derandomize, hypothesis would not look at a seed
    seeded = config.getoption("--hypothesis-seed") is not None or config.getoption("--seeds")
    settings.load_profile("seeded" if seeded else "fixed")


def pytest_generate_tests(metafunc):
    seeds = metafunc.config.getoption("--seeds")
    if seeds and hasattr(metafunc.function, "hypothesis"):
        metafunc.fixturenames.append("drawn_from")
        metafunc.parametrize(
            "drawn_from", [int(seed) for seed in seeds.split(",")], ids="seed {}".format, indirect=True
        )


@pytest.fixture(scope="session")
def drawn_from(request):
    """The seed of a property test under ``--seeds``."""
    return request.param


def pytest_runtest_setup(item):
    seed = item.callspec.params.get("drawn_from") if hasattr(item, "callspec") else None
    if seed is not None:
        hypothesis.seed(seed)(item.function)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    tests = collections.Counter()
    for item in items:
        for fixture, marker in NEEDS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)
        tests[item.path] += 10 if any(map(item.get_closest_marker, LONG)) else 1
    # Of two processes that take a file at a time, none should get a long one in the end.
    items.sort(key=lambda item: -tests[item.path])


def unavailable(message: str):
    """Fail in CI, skip elsewhere and say so again at the end of the run."""
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    missing.add(message)
    pytest.skip(message)


def pytest_sessionfinish(session):
    # of several processes the first one prints: the others tell it what they missed
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["missing"] = sorted(missing)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    missing.update(getattr(node, "workeroutput", {}).get("missing", ()))


def pytest_terminal_summary(terminalreporter):
    for message in sorted(missing):
        terminalreporter.write_sep("!", message, red=True, bold=True)


@pytest.fixture(scope="session")
def chromium():
    """One Chromium for the session."""
    if tools.CHROMIUM is None:
        unavailable(NO_BROWSER)
    with tools.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def html():
    """The folder of the built book."""
    if not (tools.HTML / "index.html").exists():
        unavailable(NO_BOOK)
    return tools.HTML


@pytest.fixture(scope="session")
def book(html):
    """Address of the built book, served on this machine."""
    with tools.serve(html) as base:
        yield base


@pytest.fixture(scope="session")
def packages():
    """npm's packages exactly as package-lock.json names them (axe-core, esbuild); only the tests need them."""
    try:
        tools.tool("npm").install()
    except RuntimeError as error:
        unavailable(f"AXE AND THE BUNDLE WERE NOT CHECKED: {error}")
    return tools.ROOT / "node_modules"


@pytest.fixture(scope="session")
def axe(packages):
    """A call ``axe(page)`` or ``axe(page, part)``: what axe-core finds serious or critical there."""
    return functools.partial(tools.serious, packages / "axe-core" / "axe.min.js")


@pytest.fixture
def moments():
    """Random numbers for the moments at which a test kills; their seed is printed, and can be given again."""
    seed = int(os.environ.get(SEED_VARIABLE) or random.SystemRandom().randrange(10**9))
    print(f"moments of this test come from {SEED_VARIABLE}={seed}")
    return random.Random(seed)


@pytest.fixture
def five():
    """Made-up records of one arm, five seeds."""
    from tests import made_up

    return [made_up.record(seed, errors) for seed, errors in enumerate(made_up.ERRORS)]


@pytest.fixture
def tuned(five):
    """Their fine-tuned result."""
    from l0lib.experiments.results import results

    return results(five)[-1]
