Console.WriteLine(new Projects.Platform_Api().ProjectPath);
