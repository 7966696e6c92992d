namespace Platform.Edge.Tls;

/// <summary>The certificate that https addresses are served with: section <c>Tls</c>. Without it there is no https.</summary>
internal sealed record TlsOptions
{
    /// <summary>A PEM file: the certificate, and after it the intermediate ones.</summary>
    public string? CertificatePath { get; init; }

    /// <summary>A PEM file: the private key, not encrypted.</summary>
    public string? KeyPath { get; init; }

    /// <summary>How often the files are looked at.</summary>
    public TimeSpan ReloadInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The port that http is redirected to: the one that clients see.</summary>
    public int PublicPort { get; init; } = 443;

    /// <summary>Whether a certificate is configured.</summary>
    public bool IsConfigured => !string.IsNullOrEmpty(CertificatePath) || !string.IsNullOrEmpty(KeyPath);

    /// <summary>Whether it can work, as far as can be told without the files.</summary>
    public bool IsValid() =>
        string.IsNullOrEmpty(CertificatePath) == string.IsNullOrEmpty(KeyPath)
        && ReloadInterval > TimeSpan.Zero && PublicPort is > 0 and <= ushort.MaxValue;
}
