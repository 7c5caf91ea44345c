# A volume of 10 GiB wherever there is room. Protected: destroying it takes deletion_protection = false first.
module "web" {
  source = "../.."

  name = "web"
  size = "10G"
}

output "docker_run" {
  value = "docker run --volume-driver holdfast -v ${module.web.name}:/data …"
}
