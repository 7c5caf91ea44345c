# Holdfast. `make` alone lists what can be done. Every target installs what it needs once and says what that is:
# Node.js and npm packages below the checkout, Debian packages with apt-get (that, and only that, as root).
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PATH := $(CURDIR)/.toolchain/bin:$(PATH):/usr/sbin:/sbin

STORAGE_COMMANDS := mkfs.xfs xfs_growfs mkfs.ext4 resize2fs losetup blkid fsfreeze
DOCKER_COMMANDS := docker dockerd busybox
ETCD_COMMANDS := etcd openssl setpriv
LAB_COMMANDS := ip tc nft sshd ssh ssh-keygen nsenter unshare setpriv flock busybox debootstrap
UML_COMMANDS := linux.uml mkfs.ext4
NBD_COMMANDS := nbdkit nbdfuse nbdcopy nbdinfo
MODEL_COMMANDS := spin cc

.PHONY: help
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  \033[1m%-10s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nmake demo, test and bench need root: they attach block devices, mount filesystems and run containers.\n'

.PHONY: demo
demo: ## one deploy makes a pool, volumes and a snapshot; real containers use them (root; about two minutes)
	@tools/need root 'The demo attaches block devices, mounts filesystems and runs containers.'
	@tools/need commands $(STORAGE_COMMANDS) $(DOCKER_COMMANDS)
	@tools/need terraform >/dev/null
	@$(MAKE) build
	@tools/need modules tools/cdktf
	@tools/demo.sh up

.PHONY: demo-down
demo-down: ## end the demo: containers, daemon, mounts, loop devices and files of it are gone afterwards (root)
	@tools/need root 'The demo runs as root, so only root can end it.'
	@tools/demo.sh down

.PHONY: build
build: modules ## bin/holdfast, bin/holdfastd, the Terraform provider in dist/, its CDKTF bindings in stacks/.gen
	@tools/need terraform >/dev/null
	@node tools/build.mjs
	@node tools/build-provider.mjs
	@node tools/build-bindings.mjs

.PHONY: package
package: modules ## dist/packages: .deb and relocatable tar.gz for amd64 and arm64, Node.js inside (VERSION=… for another version)
	@tools/need commands dpkg-deb
	@node tools/package.ts

.PHONY: test
test: modules ## lint, types, build, then every suite, with a summary (root; under 30 minutes)
	@tools/need root 'The integration and end-to-end suites attach block devices, mount filesystems and run containers.'
	@tools/need commands $(STORAGE_COMMANDS) $(DOCKER_COMMANDS) $(ETCD_COMMANDS) $(LAB_COMMANDS) $(UML_COMMANDS) $(NBD_COMMANDS) faketime sudo curl pgrep docker-compose shellcheck rspec protoc
	@tools/need terraform >/dev/null
	@tools/need modules tools/cdktf
	@node tools/run-tests.mjs

.PHONY: test-full
test-full: modules ## make test, and what takes long: fuzzing, long crash series, every state of the models, OpenTofu beside Terraform (root)
	@tools/need root 'The integration and end-to-end suites attach block devices, mount filesystems and run containers.'
	@tools/need commands $(STORAGE_COMMANDS) $(DOCKER_COMMANDS) $(ETCD_COMMANDS) $(LAB_COMMANDS) $(UML_COMMANDS) $(NBD_COMMANDS) $(MODEL_COMMANDS) faketime sudo curl pgrep docker-compose shellcheck rspec protoc
	@tools/need terraform >/dev/null
	@tools/need modules tools/cdktf
	@node tools/run-tests.mjs --full

.PHONY: lint
lint: build ## style, import rules, types and shell scripts; changes nothing
	@tools/need commands shellcheck protoc
	@node tools/run-tests.mjs lint types shell generated

.PHONY: sim
sim: modules ## the replication protocol in simulation, many seeds on all cores: SEEDS=10000 [FIRST=1]
	@node --disable-warning=ExperimentalWarning test/sim/main.ts $(or $(FIRST),1) $(or $(SEEDS),10000) --jobs $(shell nproc)

.PHONY: bench
bench: build ## speed and memory against the same image attached by hand, the bootstrap, and a large cluster's control plane; results into docs/bench.md (root)
	@tools/need root 'The benchmark attaches block devices and mounts filesystems.'
	@tools/need commands $(STORAGE_COMMANDS) $(ETCD_COMMANDS) $(LAB_COMMANDS) fio
	@node test/bench/main.ts

.PHONY: lab lab-exec lab-disk lab-cut lab-heal lab-kill lab-boot lab-down
lab: modules ## machines to try a cluster on, as namespaces: NODES=3 [DOCKER=1] [BARE=1: minimal Debian with sshd only] (root)
	@tools/need root 'The lab makes namespaces, mounts and network devices.'
	@tools/need commands $(LAB_COMMANDS) $(STORAGE_COMMANDS) $(if $(DOCKER),$(DOCKER_COMMANDS))
	@node tools/build.mjs
	@node test/lab/netns/main.ts up $(or $(NODES),3) $(if $(DOCKER),--docker) $(if $(BARE),--bare)

# CMD and NODE go by the environment: no quoting is lost on the way.
export CMD NODE
lab-exec: ## run CMD on a node of the lab, or a shell without it: NODE=n1 CMD='holdfast status' (root)
	@node test/lab/netns/main.ts exec

lab-disk: ## give a node an empty disk of 2 GiB, and print its device: NODE=n1 (root)
	@node test/lab/netns/main.ts disk

lab-cut: ## cut a node off from all others and from the host: NODE=n2; lab-heal ends it (root)
	@node test/lab/netns/main.ts cut

lab-heal: ## end what lab-cut began: NODE=n2 (root)
	@node test/lab/netns/main.ts heal

lab-kill: ## kill -9 of all that runs on a node: NODE=n2; lab-boot starts it again, its disk as it was (root)
	@node test/lab/netns/main.ts kill

lab-boot: ## start a killed node: NODE=n2 (root)
	@node test/lab/netns/main.ts boot

lab-down: ## end the lab: nothing of it is left, also of test runs that crashed (root)
	@node test/lab/netns/main.ts down

.PHONY: docs
docs: modules ## docs/reference: command line, in-line spec, API and provider, written from the code
	@node tools/generate-client.mjs
	@node tools/generate-cli-docs.ts
	@node tools/generate-spec-docs.ts
	@node tools/document-provider.mjs

.PHONY: clean
clean: ## remove what was built and installed below the checkout (a running demo is ended by demo-down)
	@rm -rf bin dist coverage .cache .toolchain node_modules tools/cdktf/node_modules stacks/.gen cdktf.out

.PHONY: modules
modules:
	@tools/need modules
