// Stands in for CommunityToolkit.Aspire.Hosting.Meilisearch 13.5.0.

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A Meilisearch server.</summary>
/// <param name="name">The resource's name.</param>
/// <param name="masterKey">The key that allows everything.</param>
public class MeilisearchResource(string name, ParameterResource masterKey) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "http";

    /// <summary>The key that allows everything.</summary>
    public ParameterResource MasterKeyParameter { get; } = masterKey ?? throw new ArgumentNullException(nameof(masterKey));

    /// <summary>The endpoint of the HTTP interface.</summary>
    public EndpointReference PrimaryEndpoint => new(this, PrimaryEndpointName);

    /// <summary>The host of the HTTP interface.</summary>
    public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);

    /// <summary>The port of the HTTP interface.</summary>
    public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);

    /// <summary>The address of the HTTP interface.</summary>
    public ReferenceExpression UriExpression => ReferenceExpression.Create($"http://{Host}:{Port}");

    /// <summary>Endpoint=..;MasterKey=..</summary>
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"Endpoint=http://{Host}:{Port};MasterKey={MasterKeyParameter}");

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
    [
        new("Host", ReferenceExpression.Create($"{Host}")),
        new("Port", ReferenceExpression.Create($"{Port}")),
        new("MasterKey", ReferenceExpression.Create($"{MasterKeyParameter}")),
        new("Uri", UriExpression),
    ];
}
