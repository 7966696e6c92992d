// The architecture of Platform, top to bottom: what there is, and what depends on what. How a server is run is in its folder.

var builder = DistributedApplication.CreateBuilder(args)
    .KeepSecretsFromPrograms()
    .AddReadableConsole()
    .AddOrderlyStop()
    .CheckBeforeStart()
    .AddComposeEnvironment();
var topology = await builder.ChooseTopologyAsync();

var mail = builder.AddMail("mail", topology);
var apiKey = builder.AddSecret(KnownParameters.ApiKey);
var api = builder.AddApi("api")
    .WithEnvironment("Security__BootstrapKey", apiKey)
    .WithReindexCommand(apiKey)
    .WithEnvironment("Links__SigningKey", builder.AddSecret(KnownParameters.LinkKey))
    .WithMail(mail);

var edge = builder.AddEdge("edge").WithReference(api).WaitFor(api).WithSignIn(api).WithTls();

var postgresPassword = builder.AddSecret(KnownParameters.PostgresPassword);
IResourceBuilder<IResourceWithEndpoints> server;
if (topology == PlatformTopology.Containers)
{
    var postgres = builder.AddPostgres("postgres", password: postgresPassword).WithPlatformDefaults("platformdb");
    server = postgres;
    var database = postgres.AddDatabase("platformdb");
    var storage = builder.AddObjectStorage(
        "minio", builder.AddChoice(KnownParameters.StorageUser, "platform"), builder.AddSecret(KnownParameters.StoragePassword));
    var search = builder.AddSearch("meilisearch", builder.AddSecret(KnownParameters.SearchKey));

    api.WithReference(database).WaitFor(database)
        .WithObjectStorage(storage).WaitFor(storage)
        .WithSearch(search).WaitFor(search);

    edge.WithApplication(storage, ObjectStorageExtensions.ConsoleEndpointName)
        .WithApplication(search)
        .WithApplication(builder.AddPgAdmin("pgadmin", postgres))
        .WithKeycloakIfAsked("keycloak", postgres);
    builder.AddTunnelIfGiven("tunnel", edge);
}
else
{
    var postgres = builder.AddPostgresProcess("postgres", postgresPassword);
    server = postgres;
    var database = postgres.AddDatabase("platformdb");
    var files = Path.Combine(builder.DataDirectory(), "objects");

    api.WithReference(database).WaitFor(database)
        .WithFileStorage(files);
    database.WithResetCommand(api, files);
}

// Who watches all of it, and tells when something is wrong.
var site = edge.SiteUrl();
if (builder.AddPrometheus("prometheus", topology, site) is { } prometheus)
{
    var alertmanager = builder.AddAlertmanager("alertmanager", topology, site, mail);
    prometheus.Watching(api).Watching(edge)
        .Watching("node", builder.AddNodeExporter("node-exporter", topology))
        .Watching("postgres", builder.AddPostgresExporter("postgres-exporter", topology, server, postgresPassword))
        .WithAlertmanager(alertmanager)
        .WithBlackbox(builder.AddBlackbox("blackbox-exporter", topology))
        .Probing(edge.PublicPage("home", "/"), edge.PublicPage("contact form", "/contact"), edge.PublicPage("health", "/health"))
        .Probing(edge.AdminPage("console", "/console/"), edge.AdminPage("api documentation", "/docs/index.html"))
        .Probing(edge.AdminPage("prometheus", "/prometheus/"), server.Port("postgres", "tcp"));
    if (mail?.Maildev is { } inbox)
    {
        prometheus.Probing(inbox.Port("mail", MaildevResource.SmtpEndpointName));
    }

    edge.WithApplication(prometheus).WithApplication(alertmanager);
}

builder.ReportMissingMonitors();
return await builder.Build().RunToExitCodeAsync();
