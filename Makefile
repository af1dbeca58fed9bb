# Every target is one plain command of tools/ (README, "Commands"); Make adds the caching: it runs only what changed.
PYTHON ?= python3
PROFILE ?= fast
TORCH ?=
BENCH ?=

PY := .venv/bin/python
LINT := .venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy
# Some machines forbid Python to keep its bytecode; each process then compiles PyTorch anew, for six seconds.
unexport PYTHONDONTWRITEBYTECODE
# The last first: the longest notebooks stand at the end of the book, and none of them should run alone in the end.
CHAPTERS := $(shell sed -nE 's/.*(file|root): *(notebooks\/[^ ]*).*/\2.ipynb/p' _toc.yml | sed '1!G;h;$$!d')
EXECUTED := $(CHAPTERS:notebooks/%=_build/executed/%)
LIBRARY := $(shell find l0lib -name '*.py' -o -name '*.json' -o -path 'l0lib/widgets/static/*' -type f)
RECORDS := $(shell find book/records book/assets/networks book/claims.json -type f)
# Two processes of one thread, a file of tests at a time, in the order of tests/conftest.py.
SIDE := -n 2 --dist loadfile --no-loadscope-reorder
PROPERTIES := $(shell grep -rl --include='test_*.py' '^@given' tests)
ALONE := $(shell grep -rl --include='test_*.py' 'mark.alone' tests)
PROSE := $(shell find book -type f ! -path '*/__pycache__/*') _config.yml _toc.yml $(addprefix tools/,render.py openings.py outcomes.py progress.py boxes.py execute.py)

DECKS := $(shell find course/slides -type f) tools/slides.py tools/sheet.py book/assets/site.css

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help environment notebooks book serve lab test unit properties lint strip bench bundle answers lock picture sheet projects course grade manual slides pdf offline clean FORCE

help:
	@echo "make book     build the book into _build/html (first time: installs into .venv; TORCH=cpu for the small PyTorch)"
	@echo "make test     build it, then lint, types and every test"
	@echo "make unit     the tests that need neither the built book, nor a browser, nor much time"
	@echo "make properties  the property tests with examples of three fresh seeds, or of SEEDS='1 2 3'"
	@echo "make serve    show the built book on this machine only"
	@echo "make lab      open the chapters in JupyterLab"
	@echo "make strip    take outputs out of the notebooks before a commit"
	@echo "make bench    print the measured speeds beside their targets"
	@echo "make lint     ruff and mypy"
	@echo "make bundle   rebuild the explorers' script after a change in l0lib/widgets/js"
	@echo "make answers  write the exercises of course/answers into the notebooks"
	@echo "make lock     resolve requirements.lock anew from pyproject.toml"
	@echo "make picture  draw the README's picture anew"
	@echo "make sheet    draw a problem sheet: SEED=7 NUMBER=6 (or MINUTES=90), LEVEL=1,2 CHAPTER=4,5 TITLE=Exam SOLUTIONS=1"
	@echo "make projects build the course's projects; WORKED=1 runs and builds the lecturer's worked answers"
	@echo "make course   build the assignments: notebooks for students, masters for nbgrader; CHAPTER='4 5' builds two"
	@echo "make grade    grade returned notebooks into a table: FOLDER=returned CHAPTER=5"
	@echo "make slides   build the decks of chapters 1 to 15: open _build/slides/index.html"
	@echo "make manual   build the instructor's manual, into the lecturer's folder"
	@echo "make pdf      print the book, or a chapter as a handout: CHAPTER=4; CODE=1 with code; SOLUTIONS=1 or 0"
	@echo "make offline  pack the site into one file that opens from disk"
	@echo "make clean    remove _build"
	@echo "Options: PROFILE=full runs the real experiments; PYTHON=python3.12 names the Python to start from."

environment:
	@$(PYTHON) tools/environment.py $(if $(TORCH),--torch=$(TORCH))

# Two notebooks side by side unless the caller has chosen a number.
notebooks: environment
	@$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j2) $(EXECUTED)

book: environment
	@$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j2) _build/html/slides/index.html

_build/executed/%.ipynb: notebooks/%.ipynb $(LIBRARY) $(RECORDS) requirements.lock tools/execute.py _build/profile
	@$(PY) tools/execute.py --profile $(PROFILE) $<

_build/html/index.html: $(EXECUTED) $(PROSE) _build/stamp
	@$(PY) tools/render.py
	@touch $@

# The decks stand on the site, too, since each chapter names its own; a change in them renders no page anew.
_build/html/slides/index.html: _build/html/index.html $(DECKS)
	@$(PY) tools/slides.py --site

_build/slides/index.html: $(EXECUTED) $(DECKS)
	@$(PY) tools/slides.py

# These two change only when what they say changes: the profile, and the commit and date in the footer.
_build/profile: FORCE
	@mkdir -p _build; echo $(PROFILE) | cmp -s - $@ || echo $(PROFILE) > $@

_build/stamp: FORCE
	@mkdir -p _build; $(PY) tools/render.py --stamp > $@.new; if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

serve: book
	@$(PY) tools/serve.py

lab: environment
	@.venv/bin/jupyter lab --ServerApp.ip=127.0.0.1 --notebook-dir=notebooks

# Two processes, a file of tests at a time; what measures time runs after them, alone. Each part runs whatever came of
# those before it, and one that failed fails the whole.
test: book
	@status=0; \
	($(LINT)) || status=1; \
	$(PY) -m pytest $(SIDE) -m "not alone" || status=1; \
	$(PY) -m pytest -m alone $(ALONE) || status=1; \
	exit $$status

unit: environment
	@$(PY) -m pytest $(SIDE) -m "not (book or browser or npm or slow or alone)"

# `make test` draws the same examples every time; here are others. The seeds are printed, so that a failure can be had again.
properties: environment
	@seeds="$(or $(SEEDS),$(shell $(PY) -c "import random; print(*random.sample(range(10**9), 3))"))"; \
	echo "make properties SEEDS='$$seeds'"; \
	$(PY) -m pytest -q -n 2 -m hypothesis --seeds="$$(echo $$seeds | tr ' ' ,)" $(PROPERTIES)

lint: environment
	@$(LINT)

strip: environment
	@.venv/bin/python tools/strip.py

bench: environment
	@$(PY) tools/speeds.py $(BENCH)

bundle: environment
	@$(PY) tools/npm.py

answers: environment
	@$(PY) tools/answers.py

lock: environment
	@$(PY) tools/lock.py --upgrade

picture: environment
	@$(PY) tools/picture.py

sheet: environment
	@$(PY) tools/sheet.py $(or $(SEED),1) $(if $(MINUTES),--minutes $(MINUTES),--number $(or $(NUMBER),6)) \
	  $(if $(LEVEL),--levels $(LEVEL)) $(if $(CHAPTER),--chapters $(CHAPTER)) $(if $(SOLUTIONS),--solutions) \
	  $(if $(TITLE),--title "$(TITLE)")

projects: environment
	@$(PY) tools/projects.py $(if $(WORKED),--worked)

course: environment
	@$(PY) tools/assignments.py $(CHAPTER)

grade: environment
	@$(PY) tools/grade.py $(if $(FOLDER),"$(FOLDER)",$(error FOLDER=... names the folder of returned notebooks)) \
	  $(if $(CHAPTER),--chapter $(CHAPTER),$(error CHAPTER=... names the assignment)) $(if $(SEED),--seed $(SEED))

manual: environment
	@$(PY) tools/manual.py

slides: environment
	@$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j2) _build/slides/index.html

pdf: book
	@$(PY) tools/pdf.py $(if $(CHAPTER),--chapter $(CHAPTER)) $(if $(CODE),--code) \
	  $(if $(SOLUTIONS),$(if $(filter 0,$(SOLUTIONS)),--no-solutions,--solutions))

offline: book
	@$(PY) tools/offline.py

clean:
	rm -rf _build
