variable "name" {
  description = "Name of the node."
  type        = string
}

variable "address" {
  description = "host or host:port where the other nodes and clients reach its REST API (7480)."
  type        = string
}

variable "zone" {
  description = "Its failure domain."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of the node."
  type        = map(string)
  default     = null
}

variable "roles" {
  description = "What it does: control, storage. Without it: storage; the first node both."
  type        = set(string)
  default     = null

  validation {
    condition     = alltrue([for role in coalesce(var.roles, []) : contains(["control", "storage"], role)])
    error_message = "roles are \"control\" and \"storage\"."
  }
}

variable "package" {
  description = "Where Holdfast comes from: file (a package on the machine, such as one in its image), url with sha256, or apt (a version that the machine's mirrors have)."
  type = object({
    file   = optional(string)
    url    = optional(string)
    sha256 = optional(string)
    apt    = optional(string)
  })

  validation {
    condition     = length([for given in [var.package.file, var.package.url, var.package.apt] : given if given != null]) == 1
    error_message = "package is one of file, url and apt."
  }

  validation {
    condition     = var.package.url == null || var.package.sha256 != null
    error_message = "A package from a url needs its sha256."
  }
}

variable "init" {
  description = "For the first node: the cluster's name, and the administrator's certificate request (PEM). Its certificate is in the answer of holdfast node converge --config /etc/holdfast/node.json -o json, which root of the machine may run at any time."
  type = object({
    cluster   = string
    admin_csr = optional(string)
  })
  default = null
}

variable "join" {
  description = "For every other node: endpoints of nodes that are in the cluster, and where the join token is on the machine: token_command (a shell command that prints it) or token_file."
  type = object({
    endpoints     = list(string)
    token_command = optional(string)
    token_file    = optional(string)
  })
  default = null

  validation {
    condition     = (var.join == null) != (var.init == null)
    error_message = "Either init, for the first node, or join, for every other."
  }

  validation {
    condition     = var.join == null ? true : (var.join.token_command == null) != (var.join.token_file == null)
    error_message = "join has either token_command or token_file."
  }
}

variable "pools" {
  description = "Pools of this node: name (one of its kind in the cluster), and devices or a path."
  type = list(object({
    name    = string
    devices = optional(list(string))
    path    = optional(string)
    class   = optional(string)
  }))
  default = []
}
