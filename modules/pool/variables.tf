variable "name" {
  description = "What volumes refer to the pool by."
  type        = string
}

variable "path" {
  description = "An existing directory for the pool, absolute. Give either this or devices."
  type        = string
  default     = null
}

variable "devices" {
  description = "Block devices for the pool, absolute paths; each gets an XFS, and one that holds anything is refused. Give either this or path."
  type        = list(string)
  default     = null

  validation {
    condition     = var.devices == null || length(coalesce(var.devices, ["-"])) > 0
    error_message = "devices names no device: give at least one, such as [\"/dev/nvme1n1\"]."
  }
}

variable "force" {
  description = "Take devices that hold something, and overwrite it."
  type        = bool
  default     = null
}

variable "overcommit" {
  description = "How many times the pool's capacity may be promised to volumes; above 1 a full pool can surprise a volume."
  type        = number
  default     = null
}

variable "class" {
  description = "A word that volumes can ask for instead of the pool's name, such as \"fast\"."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of the pool."
  type        = map(string)
  default     = null
}
