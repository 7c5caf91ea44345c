# Holdfast. `make` alone lists what can be done. Every target installs what it needs once and says what that is:
# Node.js and npm packages below the checkout, Debian packages with apt-get (that, and only that, as root).
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PATH := $(CURDIR)/.toolchain/bin:$(PATH):/usr/sbin:/sbin

STORAGE_COMMANDS := mkfs.xfs xfs_growfs mkfs.ext4 resize2fs losetup blkid fsfreeze
DOCKER_COMMANDS := docker dockerd busybox
ETCD_COMMANDS := etcd openssl setpriv

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
	@tools/need commands dpkg-deb xz
	@node tools/package.ts

.PHONY: test
test: modules ## lint, types, build, then every suite one after another, with a summary (root; under 30 minutes)
	@tools/need root 'The integration and end-to-end suites attach block devices, mount filesystems and run containers.'
	@tools/need commands $(STORAGE_COMMANDS) $(DOCKER_COMMANDS) $(ETCD_COMMANDS) docker-compose shellcheck rspec
	@tools/need terraform >/dev/null
	@tools/need modules tools/cdktf
	@node tools/run-tests.mjs

.PHONY: test-full
test-full: modules ## make test, and what takes long: fuzzing, long crash series, OpenTofu beside Terraform (root)
	@tools/need root 'The integration and end-to-end suites attach block devices, mount filesystems and run containers.'
	@tools/need commands $(STORAGE_COMMANDS) $(DOCKER_COMMANDS) $(ETCD_COMMANDS) docker-compose shellcheck rspec
	@tools/need terraform >/dev/null
	@tools/need modules tools/cdktf
	@node tools/run-tests.mjs --full

.PHONY: lint
lint: build ## style, import rules, types and shell scripts; changes nothing
	@tools/need commands shellcheck
	@node tools/run-tests.mjs lint types shell generated

.PHONY: bench
bench: build ## speed and memory against the same image attached by hand; results into docs/bench.md (root)
	@tools/need root 'The benchmark attaches block devices and mounts filesystems.'
	@tools/need commands $(STORAGE_COMMANDS) fio
	@node test/bench/main.ts

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
