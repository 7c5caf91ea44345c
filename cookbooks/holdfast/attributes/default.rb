# Where the package comes from: 'apt' (a repository that the machine knows), 'file' (a path on the machine),
# 'url' (fetched, checked against the checksum), or 'none' (installed by somebody else).
default['holdfast']['package']['source'] = 'apt'
# 'apt': the version to install; nil: the newest at the first run, left alone afterwards.
default['holdfast']['package']['version'] = nil
default['holdfast']['package']['file'] = nil
default['holdfast']['package']['url'] = nil
# 'url': SHA-256 of the package, in hex; without it nothing is fetched.
default['holdfast']['package']['checksum'] = nil

# recipe[holdfast::server]: what the machine is in its cluster. See the properties of holdfast_node.
default['holdfast']['node']['name'] = nil # nil: the host name
default['holdfast']['node']['advertise'] = nil # nil: the machine's address as Ohai saw it
default['holdfast']['node']['listen'] = nil
default['holdfast']['node']['zone'] = ''
default['holdfast']['node']['labels'] = {}
default['holdfast']['node']['roles'] = nil # nil: control and storage on the first machine, storage on the others
default['holdfast']['node']['settings'] = {}

# Neither: a single machine. 'init': the first machine of a new cluster. 'join': a machine of one that is there.
default['holdfast']['cluster']['init'] = nil # { 'name' => 'prod', 'admin' => { 'name' => 'admin', 'csr' => '…' } }
default['holdfast']['cluster']['join']['endpoints'] = []
# The join token is a secret, so no attribute ever holds it: name a file on the machine, or an encrypted data bag item.
default['holdfast']['cluster']['join']['token_file'] = nil
default['holdfast']['cluster']['join']['token_item'] = nil # { 'bag' => 'holdfast', 'item' => 'join', 'key' => 'token' }
default['holdfast']['cluster']['store'] = nil # nil: etcd, run by Holdfast. See `store` in node.json.

# Pools of the machine by name (names are unique in the cluster: put the node's into them): { 'fast' => { 'devices' => ['/dev/nvme1n1'], 'class' => 'ssd' }, 'bulk' => { 'path' => '/srv/holdfast' } }
default['holdfast']['pools'] = {}
