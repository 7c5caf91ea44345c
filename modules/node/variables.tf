variable "cluster" {
  description = "The cluster to join: the bootstrap of a holdfast_cluster, or of the module cluster."
  type = object({
    cluster_id = string
    ca_sha256  = string
    endpoints  = list(string)
    hosts = list(object({
      host     = string
      port     = optional(number)
      user     = optional(string)
      host_key = optional(string)
    }))
    store = optional(object({
      kind      = optional(string)
      endpoints = optional(list(string))
      ca        = optional(string)
      cert      = optional(string)
      key       = optional(string)
    }))
  })
}

variable "name" {
  description = "Name of the node."
  type        = string
}

variable "host" {
  description = "Name or address that SSH connects to."
  type        = string
}

variable "port" {
  description = "Port of its sshd."
  type        = number
  default     = null
}

variable "user" {
  description = "Who logs in."
  type        = string
  default     = null
}

variable "host_key" {
  description = "Its public host key or the fingerprint of it. Without one, known_hosts decides."
  type        = string
  default     = null
}

variable "address" {
  description = "host:port where the other nodes and clients reach its REST API."
  type        = string
  default     = null
}

variable "zone" {
  description = "Its failure domain: replicas are spread over zones."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of the node."
  type        = map(string)
  default     = null
}

variable "roles" {
  description = "What it does: control, storage."
  type        = set(string)
  default     = null

  validation {
    condition     = alltrue([for role in coalesce(var.roles, []) : contains(["control", "storage"], role)])
    error_message = "roles are \"control\" and \"storage\"."
  }
}

variable "package" {
  description = "Where Holdfast comes from: file (a package here, which is uploaded) or apt (a version that the machine finds)."
  type = object({
    file = optional(string)
    apt  = optional(string)
  })
  default = null
}

variable "machine_id" {
  description = "Which machine it is, such as the id of an instance; a change replaces the node, so that the old one is left before its machine goes."
  type        = string
  default     = null
}

variable "on_destroy" {
  description = "What happens to what it holds when it is destroyed: drain, hand_over or forget."
  type        = string
  default     = null
}
