// The stack of machines of one's own, reached over SSH: a cluster, its pools, and volumes in them.
export {};
