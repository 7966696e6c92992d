using System.Text.RegularExpressions;

namespace Platform.Api.Storage;

/// <summary>What both stores keep to.</summary>
internal static partial class ObjectStoreLimits
{
    /// <summary>The dependency, as clients are told of it.</summary>
    public const string Name = "object store";

    /// <summary>Bytes that are copied at once.</summary>
    public const int BufferSize = 128 * 1024;

    /// <summary>A key cannot lead out of its folder or bucket, whatever it was made of.</summary>
    public static void CheckKey(string key)
    {
        if (key.Length > 255 || !Key().IsMatch(key))
        {
            throw new ArgumentException("Not the key of an object.", nameof(key));
        }
    }

    [GeneratedRegex(@"\A([a-z0-9-]+(/[a-z0-9-]+)+|[A-Za-z0-9-]+(\.[a-z0-9]+)+)\z")]
    private static partial Regex Key();
}
