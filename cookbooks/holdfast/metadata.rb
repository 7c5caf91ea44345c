name             'holdfast'
maintainer       'The Holdfast authors'
license          'Apache-2.0'
description      'Installs Holdfast and brings a machine into a Holdfast cluster'
version          '0.1.0'
chef_version     '>= 16.0'

supports 'debian', '>= 12.0'
supports 'ubuntu', '>= 22.04'
