# make run     builds everything and opens the studio
# make test    everything that must hold
# make bench   what it costs and how fast it is
.PHONY: run test bench

run:
	@scripts/run

test:
	@scripts/test

bench:
	@scripts/bench $(BENCH)
