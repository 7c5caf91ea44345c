# The two classes of Chef's that this cookbook tells apart: an item of a data bag that was decrypted, and one that lies open.
class Chef
  class DataBagItem
    def initialize(values) = @values = values
    def [](key) = @values[key]
  end

  class EncryptedDataBagItem
    def initialize(values) = @values = values
    def [](key) = @values[key]
  end
end
