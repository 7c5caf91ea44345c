#
# Installs the package and keeps the daemon running. A machine that only gets this recipe is a Holdfast of its own.
#
from = node['holdfast']['package']['source']
local = '/var/cache/holdfast/holdfast.deb'

# A package from a file brings no dependencies along.
needed = from == 'apt' ? %w(holdfast) : %w(e2fsprogs libgcc-s1 libstdc++6 passwd xfsprogs)

# A machine that has never seen its mirrors' lists (a fresh image) gets them, once: where nothing is missing, nothing is done.
unless from == 'none'
  apt_update 'holdfast' do
    action :update
    only_if { ::Dir.glob('/var/lib/apt/lists/*_Packages*').empty? }
    not_if "dpkg-query -s #{needed.join(' ')} >/dev/null 2>&1"
  end
end

package needed if %w(file url).include?(from)

case from
when 'apt'
  package 'holdfast' do
    version node['holdfast']['package']['version'] unless node['holdfast']['package']['version'].nil?
    action :install
  end
when 'file'
  raise "node['holdfast']['package']['file'] is not set: name the package's file on this machine" if node['holdfast']['package']['file'].nil?

  dpkg_package 'holdfast' do
    source node['holdfast']['package']['file']
    # A newer file is an upgrade, an older one is left alone; settings that were changed by hand stay.
    options ['--force-confold']
    allow_downgrade false
    action :upgrade
  end
when 'url'
  raise "node['holdfast']['package']['url'] is not set: say where the package is" if node['holdfast']['package']['url'].nil?
  raise "node['holdfast']['package']['checksum'] is not set: give the SHA-256 of the package" if node['holdfast']['package']['checksum'].nil?

  directory ::File.dirname(local) do
    owner 'root'
    group 'root'
    mode '0755'
  end

  remote_file local do
    source node['holdfast']['package']['url']
    checksum node['holdfast']['package']['checksum']
    owner 'root'
    group 'root'
    mode '0644'
  end

  dpkg_package 'holdfast' do
    source local
    options ['--force-confold']
    allow_downgrade false
    action :upgrade
  end
when 'none'
  # Installed by somebody else.
else
  raise "node['holdfast']['package']['source'] is #{from.inspect}: one of apt, file, url, none"
end

service 'holdfastd' do
  # Where there is no systemd: its init script is asked, not the list of processes.
  supports status: true, restart: true
  action [:enable, :start]
end
