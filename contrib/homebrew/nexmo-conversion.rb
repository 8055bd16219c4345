# A template: `cargo xtask dist` fills in version, target and checksum. @RELEASES@ is for whoever publishes: the address under
# which the archives of a version are found.
class NexmoConversion < Formula
  desc "Tell Nexmo's (Vonage's) Conversion API whether each SMS or voice call converted"
  homepage "@RELEASES@"
  url "@RELEASES@/v@VERSION@/nexmo-conversion-@VERSION@-@TARGET@.tar.gz"
  version "@VERSION@"
  sha256 "@SHA256@"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on :linux

  def install
    bin.install "nexmo-conversion"
    man1.install Dir["man/man1/*"]
    man5.install Dir["man/man5/*"]
    bash_completion.install "completions/nexmo-conversion.bash" => "nexmo-conversion"
    zsh_completion.install "completions/_nexmo-conversion"
    fish_completion.install "completions/nexmo-conversion.fish"
  end

  test do
    assert_match "accepted", shell_output("#{bin}/nexmo-conversion sms 0A0000000123ABCD1 --delivered --sandbox")
  end
end
