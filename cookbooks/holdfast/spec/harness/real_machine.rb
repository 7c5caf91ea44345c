require 'digest'
require 'etc'
require 'fileutils'
require_relative 'run'

module Chef16
  # The machine that this runs on: what Chef's own resources do is really done, as far as the cookbook's recipes use them.
  class RealMachine < Machine
    def missing(resource)
      case resource.kind
      when :package, :apt_package then [resource.name].flatten.reject { |name| installed(name) }.map { |name| "install #{name}" }
      when :dpkg_package then outdated?(resource) ? ["install #{resource.values[:source]}"] : []
      when :directory then ::File.directory?(resource.name) ? [] : ['create']
      when :file then resource.actions.reject { |action| action == :delete ? !::File.file?(resource.name) : written?(resource) }.map(&:to_s)
      when :service then resource.actions.reject { |action| service?(resource, action) }.map(&:to_s)
      when :apt_update then resource.actions.map(&:to_s)
      when :log then []
      else raise NotInChef, "#{resource.kind} is not carried out by this harness"
      end
    end

    def apply(resource)
      case resource.kind
      when :apt_update then sh('apt-get', '-q', 'update')
      when :package, :apt_package then sh('apt-get', 'install', '-y', '--no-install-recommends', *[resource.name].flatten)
      when :dpkg_package then sh('dpkg', '-i', *resource.values.fetch(:options, []), resource.values.fetch(:source))
      when :directory then FileUtils.mkdir_p(resource.name)
      when :file then write(resource)
      when :service then resource.actions.each { |action| service(resource.name, action) }
      end
    end

    def succeeds?(command) = system(command)

    private

    def sh(*command)
      out, status = Open3.capture2e({ 'DEBIAN_FRONTEND' => 'noninteractive' }, *command)
      raise "#{command.join(' ')} failed:\n#{out}" unless status.success?

      out
    end

    def installed(name)
      out, status = Open3.capture2e('dpkg-query', '-W', '-f', '${Status} ${Version}', name)
      status.success? && out.start_with?('install ok installed') ? out.split.last : nil
    end

    # :install takes any version that is there; :upgrade the file's, a newer one that is there only with allow_downgrade.
    def outdated?(resource)
      now = installed(resource.name)
      offered = version_in(resource.values.fetch(:source))
      return now.nil? if resource.actions == [:install]

      now.nil? || system('dpkg', '--compare-versions', now, 'lt', offered) || (resource.values.fetch(:allow_downgrade, true) && now != offered)
    end

    def version_in(deb) = sh('dpkg-deb', '-f', deb, 'Version').strip

    def written?(resource)
      ::File.file?(resource.name) && ::File.read(resource.name) == resource.values[:content] && (::File.stat(resource.name).mode & 0o7777) == resource.values.fetch(:mode, '0644').to_i(8)
    end

    def write(resource)
      return ::File.delete(resource.name) if resource.actions == [:delete]

      ::File.write(resource.name, resource.values.fetch(:content), perm: resource.values.fetch(:mode, '0644').to_i(8))
      ::File.chmod(resource.values.fetch(:mode, '0644').to_i(8), resource.name)
    end

    # Machines of the lab have init scripts: enabled is what has a link of its own for the default runlevel.
    # As in Chef, a script is asked for its status only when the recipe says that it can; else the list of processes is searched.
    def service?(resource, action)
      name = resource.name
      running = resource.values.fetch(:supports, {})[:status] ? system("/etc/init.d/#{name}", 'status', out: ::File::NULL, err: ::File::NULL) : sh('ps', '-ef').match?(Regexp.new(name))
      enabled = !Dir["/etc/rc2.d/S*#{name}"].empty?
      { start: running, stop: !running, enable: enabled, disable: !enabled }.fetch(action)
    end

    def service(name, action)
      return sh("/etc/init.d/#{name}", action.to_s) if %i(start stop).include?(action)

      sh('update-rc.d', name, action == :enable ? 'defaults' : 'disable')
      sh('update-rc.d', name, 'enable') if action == :enable
    end
  end
end
