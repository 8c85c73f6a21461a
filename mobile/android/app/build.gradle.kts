plugins {
    alias(libs.plugins.android.application)
}

android {
    namespace = "io.keraspisr.sample"
    compileSdk = 36

    // Kotlin's target follows.
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    defaultConfig {
        applicationId = "io.keraspisr.sample"
        // Theme.DeviceDefault.DayNight, and saving pictures without a permission.
        minSdk = 29
        targetSdk = 36
        versionCode = 1
        versionName = "1.0"
    }

    buildTypes {
        release {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"))
            // This lets you install and try a release build; sign your own app with your own key.
            signingConfig = signingConfigs.getByName("debug")
        }
    }

    // The file is mapped into memory, so it must not be compressed.
    androidResources { noCompress += "tflite" }

    // NPU libraries, if you add them, must exist as files.
    packaging { jniLibs { useLegacyPackaging = true } }
}

dependencies {
    implementation(project(":upscaler"))
    implementation(libs.activity)
    implementation(libs.lifecycle.runtime)
    implementation(libs.lifecycle.viewmodel)
    implementation(libs.coroutines)
}
