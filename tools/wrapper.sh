#!/bin/sh
# Runs the bundle of the same name with the Node.js that the build used, from wherever it is called.
home=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
node=$home/.toolchain/bin/node
[ -x "$node" ] || node=node
exec "$node" --enable-source-maps "$home/dist/${0##*/}.mjs" "$@"
