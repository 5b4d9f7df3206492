# Every target does its own set-up: nothing but Python 3.11 or newer and make has to be there.
PYTHON ?= python3

TARGETS := demo demo-reset run test test-faults bench figures check lock

.PHONY: help $(TARGETS)
help:
	@echo "make demo         the product with a simulated vendor and invented patients; PORT=8000"
	@echo "make demo-reset   delete the data of the demo"
	@echo "make run          the product with your environment or .env"
	@echo "make test         all tests; ARGS='-k words' picks some"
	@echo "make test-faults  the long suite: crashes, network faults, lost responses"
	@echo "make bench        benchmarks; make figures writes them to docs/figures.md"
	@echo "make check        lint, types, migrations, deploy checks"
	@echo "make lock         compile requirements*.in with hashes"

$(TARGETS):
	@"$(PYTHON)" config/launcher/bootstrap.py $@ $(ARGS)
