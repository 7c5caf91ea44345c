#
# Installs the package and keeps the daemon running. A machine that only gets this recipe is a Holdfast of its own.
#
from = node['holdfast']['package']['source']
local = '/var/cache/holdfast/holdfast.deb'

# A package from a file brings no dependencies along.
package %w(e2fsprogs libgcc-s1 libstdc++6 passwd xfsprogs) if %w(file url).include?(from)

case from
when 'apt'
  package 'holdfast' do
    version node['holdfast']['package']['version'] unless node['holdfast']['package']['version'].nil?
    action :install
  end
when 'file'
  dpkg_package 'holdfast' do
    source node['holdfast']['package']['file']
    # A newer file is an upgrade, an older one is left alone; settings that were changed by hand stay.
    options ['--force-confold']
    allow_downgrade false
    action :upgrade
  end
when 'url'
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
  action [:enable, :start]
end
