# Capacity of this machine that volumes live in. Made, grown and changed; never wiped: removing it deletes no file.
resource_name :holdfast_pool
provides :holdfast_pool
unified_mode true

description 'A Holdfast pool on this machine.'

property :pool_name, String, name_property: true, regex: /\A[a-z0-9][a-z0-9._-]{0,62}\z/, description: 'Name of the pool.'
property :kind, String, equal_to: %w(directory device ebs nfs), default: lazy { export ? 'nfs' : (ebs_volumes.empty? ? (path ? 'directory' : 'device') : 'ebs') }, desired_state: false, description: 'What it is made of. Default: what the other properties say.'
property :path, String, desired_state: false, description: 'directory: an existing directory.'
property :devices, Array, default: [], coerce: proc { |value| HoldfastCookbook::CommandLine.plain(value) }, description: 'device: whole block devices.'
property :ebs_volumes, Array, default: [], coerce: proc { |value| HoldfastCookbook::CommandLine.plain(value) }, desired_state: false, description: 'ebs: ids of volumes that are attached to this machine.'
property :export, String, desired_state: false, description: 'nfs: server:/path.'
property :pool_class, String, default: 'any', description: 'What volumes ask for by class.'
property :overcommit, [Float, Integer], default: 1.0, coerce: proc { |value| value.to_f }, description: 'Sizes of volumes may add up to capacity times this.'
property :labels, Hash, default: {}, coerce: proc { |value| HoldfastCookbook::CommandLine.plain(value) }, description: 'Labels of the pool.'

include HoldfastCookbook::CommandLine

load_current_value do |wanted|
  current_value_does_not_exist! unless holdfast_installed?

  record = holdfast_json('pool', 'inspect', wanted.pool_name, missing: true)
  current_value_does_not_exist! if record.nil?

  devices record['spec']['devices']
  pool_class record['spec']['class']
  overcommit record['spec']['overcommit']
  labels record['labels']
end

# Makes it, takes in devices that it lacks, and changes class, overcommit and labels.
action :create do
  raise 'holdfast_pool: pools of kind nfs are not served by this version of Holdfast' if new_resource.kind == 'nfs'

  if current_resource.nil?
    converge_by("make pool #{new_resource.pool_name} of #{place.last(2).join(' ')}") do
      holdfast_run('pool', 'create', new_resource.pool_name, *place, '--class', new_resource.pool_class, '--overcommit', new_resource.overcommit.to_s, *label_options('--label', new_resource.labels))
    end
  else
    missing = wanted_devices - current_resource.devices
    unless missing.empty?
      converge_by("add #{missing.join(', ')} to pool #{new_resource.pool_name}") do
        holdfast_run('pool', 'grow', new_resource.pool_name, *missing.flat_map { |device| ['--device', device] })
      end
    end

    # Given devices are ours to compare above; EBS volumes and defaults are not.
    converge_if_changed :pool_class, :overcommit, :labels do
      gone = current_resource.labels.keys - new_resource.labels.keys
      holdfast_run('pool', 'update', new_resource.pool_name, '--class', new_resource.pool_class, '--overcommit', new_resource.overcommit.to_s,
                   *label_options('--label', new_resource.labels), *gone.flat_map { |key| ['--remove-label', key] })
    end
  end
end

# Lets go of it. Refused while volumes are in it; deletes no file.
action :remove do
  unless current_resource.nil?
    converge_by("remove pool #{new_resource.pool_name}") do
      holdfast_run('pool', 'remove', new_resource.pool_name, '--yes')
    end
  end
end

action_class do
  include HoldfastCookbook::CommandLine

  def wanted_devices
    new_resource.kind == 'ebs' ? new_resource.ebs_volumes.map { |id| HoldfastCookbook::Ebs.device(id) } : new_resource.devices
  end

  def place
    if new_resource.kind == 'directory'
      raise "holdfast_pool[#{new_resource.pool_name}]: path is missing" if new_resource.path.nil?

      ['--path', new_resource.path]
    else
      raise "holdfast_pool[#{new_resource.pool_name}]: devices or ebs_volumes are missing" if wanted_devices.empty?

      wanted_devices.flat_map { |device| ['--device', device] }
    end
  end

  def label_options(option, labels)
    labels.flat_map { |key, value| [option, "#{key}=#{value}"] }
  end
end
