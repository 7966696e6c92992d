namespace Platform.AppHost.Mail;

/// <summary>A maildev that runs as a process of this machine: it takes every mail, delivers none, and shows them in a browser.</summary>
internal sealed class MaildevResource(string name, string workingDirectory) : ExecutableResource(name, "node", workingDirectory)
{
    /// <summary>The name of the endpoint that takes mail.</summary>
    public const string SmtpEndpointName = "smtp";

    /// <summary>The name of the endpoint of the inbox, and of its REST API.</summary>
    public const string HttpEndpointName = "http";

    /// <summary>Where mail is sent to.</summary>
    public ReferenceExpression SmtpUrl => ReferenceExpression.Create(
        $"smtp://127.0.0.1:{new EndpointReference(this, SmtpEndpointName).Property(EndpointProperty.Port)}");
}
