# make run     builds everything and opens the studio
# make test    everything that must hold
# make bench   what it costs and how fast it is
# make server  builds antenne-server, for a rented machine: docs/operating.md
# make soak    a long show in an unlucky world: an hour, or SOAK=600 seconds
.PHONY: run test bench soak server

run:
	@scripts/run

test:
	@scripts/test

bench:
	@scripts/bench $(BENCH)

soak:
	@scripts/soak $(SOAK)

server:
	@scripts/server
