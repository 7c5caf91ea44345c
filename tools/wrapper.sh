#!/bin/sh
# Runs the bundle of the same name with the Node.js that the build used, from wherever it is called. The names in a stack
# trace are those of the sources; for their files and lines as well: NODE_OPTIONS=--enable-source-maps (about 70 MB more).
home=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
node=$home/.toolchain/bin/node
[ -x "$node" ] || node=node
exec "$node" "$home/dist/${0##*/}.mjs" "$@"
