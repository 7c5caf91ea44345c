output "user_data" {
  description = "A shell script: the user_data of an instance (cloud-init), or whatever a machine runs when it first starts. It may run again."
  value = provider::holdfast::user_data(
    jsonencode(local.node),
    coalesce(var.package.file, var.package.url, var.package.apt == null ? null : "apt:${var.package.apt}"),
    coalesce(var.package.sha256, " ") == " " ? "" : var.package.sha256,
    var.join == null ? "" : var.join.token_command == null ? "" : var.join.token_command,
  )
}
