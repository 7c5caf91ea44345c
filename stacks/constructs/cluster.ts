// A cluster on machines that need nothing but sshd: the first node with the certificate authority, and those that join it.
export {};
