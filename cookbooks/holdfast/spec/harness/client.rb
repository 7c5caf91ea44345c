# Runs recipes of this cookbook on this machine as `chef-client` would, as far as the harness knows Chef's language:
#   ruby client.rb [--why-run] NODE.json RECIPE...      (a recipe of the cookbook, or a file)
# NODE.json holds the attributes of the node (`hostname`, `ipaddress`, `holdfast`) and, below `data_bags`, bag and item.
# Prints what was updated, as JSON. It is here to test the cookbook where no Chef client can be had.
require_relative 'real_machine'

cookbook = File.expand_path('../..', __dir__)
Dir["#{cookbook}/libraries/*.rb"].each { |file| require file }
why_run = !ARGV.delete('--why-run').nil?
given = JSON.parse(File.read(ARGV.shift))
bags = (given.delete('data_bags') || {}).flat_map { |bag, items| items.map { |item, values| [[bag, item], values] } }.to_h
attributes = Chef16::Attributes.load("#{cookbook}/attributes/default.rb", 'holdfast' => given.delete('holdfast') || {})
run = Chef16::Run.new(Chef16::RealMachine.new(node: Chef16::Immutable.of(given.merge(attributes)), data_bags: bags), cookbook: cookbook, why_run: why_run)
ARGV.each { |recipe| run.recipe(recipe) }
puts JSON.generate('updated' => run.updated, 'told' => run.told)
