require 'json' unless defined?(JSON)
require 'tempfile' unless defined?(Tempfile)

module HoldfastCookbook
  # What the resources need of the command line. Everything is asked of `holdfast` on this machine, over its root-only
  # socket; nothing is decided here that converge decides.
  module CommandLine
    HOLDFAST = '/usr/bin/holdfast'.freeze
    NOT_FOUND = 3
    # A first converge installs etcd and waits for the cluster.
    TIMEOUT_SECONDS = 1800

    # Attributes of Chef are immutable and lazy; a request is made of plain values.
    def self.plain(value)
      case value
      when Hash then value.to_h { |key, inner| [key.to_s, plain(inner)] }
      when Array then value.map { |inner| plain(inner) }
      when Symbol then value.to_s
      else value
      end
    end

    # node.json of a holdfast_node. It holds no secret: the token travels in the environment.
    def self.document(wanted)
      cluster = {}
      cluster['init'] = plain(wanted.cluster_init) if wanted.cluster_init
      if wanted.join_endpoints && !wanted.join_endpoints.empty?
        cluster['join'] = { 'endpoints' => plain(wanted.join_endpoints) }
        cluster['join']['token_file'] = wanted.join_token_file if wanted.join_token_file
      end
      document = { 'name' => wanted.node_name, 'advertise' => wanted.advertise, 'listen' => wanted.listen,
                   'zone' => wanted.zone, 'labels' => plain(wanted.labels), 'roles' => wanted.roles && plain(wanted.roles),
                   'cluster' => cluster.empty? ? nil : cluster, 'store' => wanted.store && plain(wanted.store),
                   'daemon' => wanted.settings.empty? ? nil : plain(wanted.settings), 'pools' => wanted.pools.empty? ? nil : plain(wanted.pools) }
      "#{JSON.pretty_generate(document.reject { |_, value| value.nil? })}\n"
    end

    def self.describe(change)
      before, after = change.values_at('before', 'after').map { |value| value.nil? ? nil : JSON.generate(value) }
      told = [before, after].compact.join(' -> ')
      "#{change['action']} #{change['what']} #{change['name']}#{told.empty? ? '' : ": #{told}"}"
    end

    def holdfast_installed?
      ::File.executable?(HOLDFAST)
    end

    # @return [Hash] what `converge --plan -o json` says; nothing on the machine is changed.
    def holdfast_plan(wanted)
      file = Tempfile.new(['holdfast-node', '.json'])
      begin
        file.write(CommandLine.document(wanted))
        file.close
        holdfast_json('node', 'converge', '--config', file.path, '--plan', environment: holdfast_environment(wanted))
      ensure
        file.close
        file.unlink
      end
    end

    def holdfast_environment(wanted)
      wanted.join_token ? { 'HOLDFAST_JOIN_TOKEN' => wanted.join_token } : {}
    end

    # @return [Hash, nil] the answer; nil when what was asked for is not there.
    def holdfast_json(*arguments, environment: {}, missing: false)
      answer = holdfast_run(*arguments, '-o', 'json', environment: environment, also: missing ? [NOT_FOUND] : [])
      missing && answer.exitstatus == NOT_FOUND ? nil : JSON.parse(answer.stdout)
    end

    def holdfast_run(*arguments, environment: {}, also: [])
      answer = shell_out(HOLDFAST, *arguments, environment: environment, timeout: TIMEOUT_SECONDS)
      return answer if answer.exitstatus == 0 || also.include?(answer.exitstatus)

      raise "holdfast #{arguments.first(2).join(' ')} failed: #{answer.stderr.strip.empty? ? answer.stdout.strip : answer.stderr.strip}"
    end
  end

  # EBS volumes by their id: the name of the device says nothing on Nitro machines.
  module Ebs
    # @return [String] the block device of an attached volume. @raise when it is not attached.
    def self.device(volume_id, sys: '/sys/block')
      serial = volume_id.delete('-')
      found = Dir.glob("#{sys}/nvme*").find { |disk| [::File.join(disk, 'serial'), ::File.join(disk, 'device/serial')].any? { |file| ::File.file?(file) && ::File.read(file).strip == serial } }
      raise "EBS volume #{volume_id} is not attached to this machine: no NVMe disk has the serial #{serial}" if found.nil?

      "/dev/#{::File.basename(found)}"
    end
  end
end
