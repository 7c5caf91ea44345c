control 'daemon' do
  impact 1.0
  title 'The daemon is installed, enabled and running'

  describe package('holdfast') do
    it { should be_installed }
  end

  describe service('holdfastd') do
    it { should be_enabled }
    it { should be_running }
  end

  describe port(7480) do
    it { should be_listening }
  end
end

control 'secrets' do
  impact 1.0
  title 'Keys and the socket are for root only'

  describe file('/etc/holdfast/pki') do
    it { should be_directory }
    its('owner') { should eq 'root' }
    its('mode') { should cmp '0700' }
  end

  describe file('/etc/holdfast/pki/node.key') do
    its('mode') { should cmp '0600' }
  end

  describe file('/run/holdfast/holdfast.sock') do
    it { should be_socket }
    it { should_not be_readable.by('others') }
    it { should_not be_writable.by('others') }
  end
end

control 'converged' do
  impact 1.0
  title 'Nothing is left to do'

  describe command('holdfast node converge --config /etc/holdfast/node.json --plan -o json') do
    its('exit_status') { should eq 0 }
  end

  describe json(command: 'holdfast node converge --config /etc/holdfast/node.json --plan -o json') do
    its('changed') { should eq 0 }
  end

  describe json(command: 'holdfast pool inspect bulk -o json') do
    its(%w(status state)) { should eq 'ready' }
  end
end
