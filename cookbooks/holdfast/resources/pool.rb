# Capacity of this machine that volumes live in. Made, grown and changed; never wiped: removing it deletes no file.
resource_name :holdfast_pool
provides :holdfast_pool
unified_mode true

description 'A Holdfast pool on this machine.'

property :pool_name, String, name_property: true, regex: /\A[a-z0-9][a-z0-9._-]{0,62}\z/, description: 'Name of the pool, which no other pool of the cluster has.'
property :kind, String, equal_to: %w(directory device ebs nfs), default: lazy { export ? 'nfs' : (ebs_volumes.empty? ? (path ? 'directory' : 'device') : 'ebs') }, desired_state: false, description: 'What it is made of. Default: what the other properties say.'
property :path, String, desired_state: false, description: 'directory: an existing directory.'
property :devices, Array, default: [], coerce: proc { |value| HoldfastCookbook::CommandLine.plain(value) }, description: 'device: whole block devices.'
property :ebs_volumes, Array, default: [], coerce: proc { |value| HoldfastCookbook::CommandLine.plain(value) }, desired_state: false, description: 'ebs: ids of volumes that are attached to this machine.'
property :export, String, desired_state: false, description: 'nfs: server:/path.'
property :pool_class, String, description: 'What volumes ask for by class. Left alone when it is not given; a new pool gets any.'
property :overcommit, [Float, Integer], coerce: proc { |value| value.to_f }, description: 'Sizes of volumes may add up to capacity times this. Left alone when it is not given; a new pool gets 1.0.'
property :labels, Hash, coerce: proc { |value| HoldfastCookbook::CommandLine.labels(value) }, description: 'All labels of the pool. Left alone when they are not given.'
property :present_devices, Array, default: [], desired_state: false, description: 'Where its filesystems are now, whatever they were called then. Set by Chef, not by you.'
property :present_path, String, desired_state: false, description: 'Where a pool of a directory is. Set by Chef, not by you.'

include HoldfastCookbook::CommandLine

load_current_value do |wanted|
  current_value_does_not_exist! unless holdfast_installed?

  # A daemon that does not answer would have been started in why-run mode; else making the pool says what is wrong.
  unknown = [HoldfastCookbook::CommandLine::NOT_FOUND, HoldfastCookbook::CommandLine::UNAVAILABLE]
  record = holdfast_json('pool', 'inspect', wanted.pool_name, none: unknown)
  current_value_does_not_exist! if record.nil?
  here = holdfast_json('node', 'inspect', none: unknown)
  unless here.nil? || record['node'] == here['id']
    raise "holdfast_pool[#{wanted.pool_name}]: another node of the cluster has a pool of this name. Give each its own, such as #{wanted.pool_name}-#{here['name']}"
  end

  devices record['spec']['devices']
  present_devices record['status']['filesystems'].map { |filesystem| filesystem['device'] }.compact
  present_path record['spec']['path'] unless record['spec']['path'].nil?
  pool_class record['spec']['class']
  overcommit record['spec']['overcommit']
  labels record['labels']
end

# Makes it, takes in devices that it lacks, and changes class, overcommit and labels.
action :create do
  if current_resource.nil?
    converge_by("make pool #{new_resource.pool_name} of #{place.last(2).join(' ')}") do
      holdfast_run('pool', 'create', new_resource.pool_name, *place, *settings, *label_options('--label', new_resource.labels || {}))
    end
  else
    wanted_path = new_resource.path && ::File.expand_path(new_resource.path)
    unless current_resource.present_path == wanted_path
      raise "holdfast_pool[#{new_resource.pool_name}] is made of #{current_resource.present_path || 'devices'}, not of #{wanted_path || 'devices'}: a pool does not move"
    end

    missing = missing_devices
    unless missing.empty?
      converge_by("add #{missing.join(', ')} to pool #{new_resource.pool_name}") do
        holdfast_run('pool', 'grow', new_resource.pool_name, *missing.flat_map { |device| ['--device', device] })
      end
    end

    # What is not given, or given as nil, is left alone.
    given = { pool_class: new_resource.pool_class, overcommit: new_resource.overcommit, labels: new_resource.labels }.compact.keys
    unless given.empty?
      converge_if_changed(*given) do
        gone = new_resource.labels.nil? ? [] : current_resource.labels.keys - new_resource.labels.keys
        holdfast_run('pool', 'update', new_resource.pool_name, *settings, *label_options('--label', new_resource.labels || {}), *gone.flat_map { |key| ['--remove-label', key] })
      end
    end
  end
end

# Lets go of it. Refused while volumes are in it; deletes no file.
action :remove do
  unless current_resource.nil?
    converge_by("remove pool #{new_resource.pool_name}") do
      holdfast_run('pool', 'remove', new_resource.pool_name)
    end
  end
end

action_class do
  include HoldfastCookbook::CommandLine

  def wanted_devices
    return new_resource.devices.map { |device| ::File.expand_path(device) } unless new_resource.kind == 'ebs'

    # In why-run mode nothing has attached it yet.
    new_resource.ebs_volumes.map { |id| whyrun_mode? ? HoldfastCookbook::Ebs.find(id) || id : HoldfastCookbook::Ebs.device(id) }
  end

  # A device is known by the name that the pool was made with. An EBS volume has none that lasts (the kernel names disks anew
  # at every boot): it is known by where the pool's filesystems are now.
  def missing_devices
    return wanted_devices - current_resource.present_devices if new_resource.kind == 'ebs' && !current_resource.present_devices.empty?

    wanted_devices - current_resource.devices
  end

  def place
    if new_resource.kind == 'directory'
      raise "holdfast_pool[#{new_resource.pool_name}]: path is missing" if new_resource.path.nil?

      ['--path', new_resource.path]
    elsif new_resource.kind == 'nfs'
      raise "holdfast_pool[#{new_resource.pool_name}]: export is missing" if new_resource.export.nil?

      ['--export', new_resource.export]
    else
      raise "holdfast_pool[#{new_resource.pool_name}]: devices or ebs_volumes are missing" if wanted_devices.empty?

      wanted_devices.flat_map { |device| ['--device', device] }
    end
  end

  def settings
    { '--class' => new_resource.pool_class, '--overcommit' => new_resource.overcommit }.reject { |_, value| value.nil? }.flat_map { |option, value| [option, value.to_s] }
  end

  def label_options(option, labels)
    labels.flat_map { |key, value| [option, "#{key}=#{value}"] }
  end
end
