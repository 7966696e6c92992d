// Stands in for CommunityToolkit.Aspire.Hosting.Minio 13.5.0.

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A MinIO server.</summary>
/// <param name="name">The resource's name.</param>
/// <param name="rootUser">The root user's name.</param>
/// <param name="passwordParameter">The root user's password.</param>
[Obsolete("The MinIO OSS project has been archived and is no longer maintained.")]
public sealed class MinioContainerResource(string name, ParameterResource rootUser, ParameterResource passwordParameter)
    : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "http";
    internal const string ConsoleEndpointName = "console";

    /// <summary>The root user's name.</summary>
    public ParameterResource RootUser { get; set; } = rootUser;

    /// <summary>The root user's password.</summary>
    public ParameterResource PasswordParameter { get; } = passwordParameter;

    /// <summary>The endpoint of the S3 interface.</summary>
    public EndpointReference PrimaryEndpoint => new(this, PrimaryEndpointName);

    /// <summary>The host of the S3 interface.</summary>
    public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);

    /// <summary>The port of the S3 interface.</summary>
    public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);

    /// <summary>The address of the S3 interface.</summary>
    public ReferenceExpression UriExpression => ReferenceExpression.Create($"http://{Host}:{Port}");

    /// <summary>Endpoint=..;AccessKey=..;SecretKey=..</summary>
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"Endpoint=http://{Host}:{Port};AccessKey={RootUser};SecretKey={PasswordParameter}");

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
    [
        new("Host", ReferenceExpression.Create($"{Host}")),
        new("Port", ReferenceExpression.Create($"{Port}")),
        new("AccessKey", ReferenceExpression.Create($"{RootUser}")),
        new("SecretKey", ReferenceExpression.Create($"{PasswordParameter}")),
        new("Uri", UriExpression),
    ];
}
