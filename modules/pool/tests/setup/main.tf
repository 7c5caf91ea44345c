# Where the tests may put pools: the folder `scratch` of the directory that they are run in. It has to be there.
output "scratch" {
  value = "${path.cwd}/scratch"
}
