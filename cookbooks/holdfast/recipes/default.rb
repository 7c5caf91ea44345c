#
# Installs the package and keeps the daemon running. A machine that only gets this recipe is a Holdfast of its own.
#
source = node['holdfast']['package']['source']
local = '/var/cache/holdfast/holdfast.deb'

# A package from a file brings no dependencies along.
package %w(xfsprogs e2fsprogs util-linux mount ca-certificates) if %w(file url).include?(source)

case source
when 'apt'
  package 'holdfast' do
    version node['holdfast']['package']['version'] unless node['holdfast']['package']['version'].nil?
    action :install
  end
when 'file'
  dpkg_package 'holdfast' do
    source node['holdfast']['package']['file']
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
  end
when 'none'
  log 'holdfast is installed by somebody else' do
    level :debug
  end
else
  raise "node['holdfast']['package']['source'] is #{source.inspect}: one of apt, file, url, none"
end

service 'holdfastd' do
  action [:enable, :start]
end
