using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Storage;

/// <summary>The section <c>Storage</c> of the configuration.</summary>
internal sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary><c>file</c>: a folder of this machine; <c>s3</c>: the server of the connection string <c>objects</c>.</summary>
    [RegularExpression("^(file|s3)$")]
    public string Provider { get; set; } = "file";

    /// <summary>The folder of the objects. Instances that share a database share it.</summary>
    public string Directory { get; set; } = "";

    public S3Options S3 { get; set; } = new();

    /// <summary>How often objects that nothing refers to are looked for.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "1.00:00:00")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(1);
}

/// <summary>The section <c>Storage:S3</c>.</summary>
internal sealed class S3Options
{
    public string Bucket { get; set; } = "platform-data";

    public string Region { get; set; } = "us-east-1";

    /// <summary>The address under which browsers reach the store; without it they get objects from the API only.</summary>
    public string? PublicEndpoint { get; set; }

    /// <summary>Seconds that the store may take for one request, retries included: 8 MB at most are sent with it.</summary>
    public int TimeoutSeconds { get; set; } = 8;
}
