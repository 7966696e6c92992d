using System.Collections.Frozen;

namespace Platform.Api.Contacts;

/// <summary>The way of a contact: <c>new</c> → <c>contacted</c> → <c>closed</c>, and from there back to <c>contacted</c>.</summary>
internal static class ContactStatus
{
    private static readonly FrozenDictionary<string, string[]> Next = new Dictionary<string, string[]>
    {
        ["new"] = ["contacted", "closed"],
        ["contacted"] = ["closed"],
        ["closed"] = ["contacted"],
    }.ToFrozenDictionary();

    public static bool IsKnown(string status) => Next.ContainsKey(status);

    /// <summary>To stay is to become, too.</summary>
    public static bool CanBecome(string current, string next) => current == next || Next[current].Contains(next);

    /// <summary>Where a contact can go from there, in words.</summary>
    public static string Allowed(string current) => string.Join(" or ", Next[current]);
}
