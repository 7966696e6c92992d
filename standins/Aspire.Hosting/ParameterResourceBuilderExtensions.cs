// Stands in for the package Aspire.Hosting 13.5.4.

using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Values that are given from outside of the graph.</summary>
public static class ParameterResourceBuilderExtensions
{
    /// <summary>A parameter: given as <c>Parameters:{name}</c>, else its default.</summary>
    /// <param name="builder">The graph.</param>
    /// <param name="name">The name; hyphens may be given as underscores.</param>
    /// <param name="value">The default.</param>
    /// <param name="secret">Whether the value may not be shown.</param>
    /// <param name="persist">Not supported by the stand-in: a default that must last keeps itself.</param>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, ParameterDefault value, bool secret = false, bool persist = false)
    {
        if (persist)
        {
            throw new NotSupportedException("The stand-in of Aspire.Hosting has no user secrets to persist a parameter in.");
        }

        var given = builder.Configuration[$"Parameters:{name}"] ?? builder.Configuration[$"Parameters:{name.Replace('-', '_')}"];
        return builder.AddResource(new ParameterResource(name, standard => string.IsNullOrEmpty(given) ? standard!.GetDefaultValue() : given, secret) { Default = value });
    }

    /// <summary>Tells the person who gives the value what it is for.</summary>
    public static IResourceBuilder<ParameterResource> WithDescription(
        this IResourceBuilder<ParameterResource> builder, string description, bool enableMarkdown = false)
    {
        builder.Resource.Description = description;
        return builder;
    }
}
