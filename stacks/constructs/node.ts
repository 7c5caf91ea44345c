// A machine that joins a cluster: Holdfast is installed on it over SSH. Nothing of how SSH logs in is said here: that is
// the provider's.
export {};
