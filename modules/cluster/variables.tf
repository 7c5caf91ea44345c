variable "name" {
  description = "What people call the cluster."
  type        = string
}

variable "first" {
  description = "Name of the first node, one of nodes. It holds the certificate authority and stays the first."
  type        = string
}

variable "nodes" {
  description = "The machines, by the name of the node."
  type = map(object({
    host       = string
    port       = optional(number)
    user       = optional(string)
    host_key   = optional(string)
    address    = optional(string)
    zone       = optional(string)
    labels     = optional(map(string))
    roles      = optional(set(string))
    machine_id = optional(string)
    on_destroy = optional(string)
  }))

  validation {
    condition     = contains(keys(var.nodes), var.first)
    error_message = "first has to be the name of one of the nodes."
  }

  validation {
    condition     = contains([0, 2, 4], length([for name, node in var.nodes : name if name != var.first && contains(coalesce(node.roles, []), "control")]))
    error_message = "A cluster has 1, 3 or 5 nodes with the role \"control\": the first node and 0, 2 or 4 others."
  }
}

variable "package" {
  description = "Where Holdfast comes from on every node: file (a package here, which is uploaded) or apt (a version that the machines find)."
  type = object({
    file = optional(string)
    apt  = optional(string)
  })
  default = null
}

variable "store" {
  description = "Where the cluster keeps its records. Without it: etcd on the control nodes, run by Holdfast."
  type = object({
    kind      = optional(string)
    endpoints = optional(list(string))
    ca        = optional(string)
    cert      = optional(string)
    key       = optional(string)
  })
  default = null
}

variable "from_embedded" {
  description = "Whether the first machine runs Holdfast alone already, and what it has is taken over."
  type        = bool
  default     = null
}

variable "admin" {
  description = "A certificate request of the administrator, made beside the key: csr, and the name (admin)."
  type = object({
    name = optional(string)
    csr  = string
  })
  default = null
}

variable "on_destroy" {
  description = "When the cluster is destroyed: refuse while volumes are in it, or forget them."
  type        = string
  default     = null
}
