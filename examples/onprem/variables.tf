variable "ssh_user" {
  description = "Who logs in. Another user than root becomes root by sudo."
  type        = string
  default     = "root"
}

variable "ssh_key_file" {
  description = "The private key that the machines let in."
  type        = string
  default     = "/run/holdfast-lab/0/id_ed25519"
}

variable "known_hosts_files" {
  description = "The host keys that are trusted."
  type        = list(string)
  default     = ["/run/holdfast-lab/0/known_hosts"]
}

variable "first" {
  description = "Name of the first node, one of nodes."
  type        = string
  default     = "n1"
}

variable "nodes" {
  description = "The machines: see the module cluster."
  type = map(object({
    host     = string
    port     = optional(number)
    user     = optional(string)
    host_key = optional(string)
    address  = optional(string)
    zone     = optional(string)
    labels   = optional(map(string))
    roles    = optional(set(string))
  }))
  default = {
    n1 = { host = "10.77.0.11", zone = "rack-1", roles = ["control", "storage"] }
    n2 = { host = "10.77.0.12", zone = "rack-2", roles = ["control", "storage"] }
    n3 = { host = "10.77.0.13", zone = "rack-3", roles = ["control", "storage"] }
  }
}

variable "devices" {
  description = "The empty disks for the pool of each node: { n1 = [\"/dev/vdb\"], … }."
  type        = map(list(string))
}

variable "package" {
  description = "Where Holdfast comes from: file, a package here, or apt, a version that the machines find."
  type = object({
    file = optional(string)
    apt  = optional(string)
  })
  default = { apt = "0.1.0" }
}

variable "admin_csr_file" {
  description = "Made beside the key: holdfast cert request --name admin --key admin.key --out admin.csr"
  type        = string
  default     = "admin.csr"
}

variable "admin_key_file" {
  description = "The administrator's key. It is read when the cluster is reached, and is in no state."
  type        = string
  default     = "admin.key"
}
