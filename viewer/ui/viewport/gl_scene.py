"""One picture in a VTK scene: codes and grey table are two textures that a shader joins.

Device pixels, y down. Knows no Qt; everything here needs a current, initialised OpenGL context.
"""

from typing import Any

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  registers the OpenGL classes: without it nothing is drawn
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkFiltersSources import vtkPlaneSource
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer, vtkTexture
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLTexture, vtkTextureObject

from viewer.ui.viewport.picture import Picture, level_for
from viewer.ui.viewport.placement import Placement

_UCHAR, _USHORT = 3, 5
_CODE = """
vec3 colourOf(ivec2 at) {
  float v = texelFetch(actortexture, at, 0).r * 65535.0 + 0.5;
  float hi = floor(v / 256.0), lo = floor(v - hi * 256.0);
  return texelFetch(lutTex, ivec2(int(lo), int(hi)), 0).rgb;
}
"""
_COLOUR = """
vec3 colourOf(ivec2 at) { return texelFetch(actortexture, at, 0).rgb; }
"""
_WHOLE = """
vec3 shownAt(ivec2 at) { return colourOf(at); }
"""
_HOLES = """
vec3 shownAt(ivec2 at) { return colourOf(at) * (1.0 - texelFetch(holeTex, at, 0).r); }
"""
_MEAN = """
  ivec2 size = textureSize(actortexture, 0);
  vec2 at = tcoordVCVSOutput * vec2(size);
  vec3 rgb = shownAt(clamp(ivec2(floor(at)), ivec2(0), size - 1));
  if (smoothly > 0.5) {
    vec2 reach = vec2(reachColumns, reachRows);
    ivec2 first = ivec2(floor(at - reach + 0.5)), last = ivec2(floor(at + reach + 0.5));
    vec3 sum = vec3(0.0);
    float total = 0.0;
    for (int row = first.y; row < last.y; ++row) {
      for (int column = first.x; column < last.x; ++column) {
        vec2 near = max(1.0 - abs(vec2(column, row) + 0.5 - at) / reach, 0.0);
        sum += near.x * near.y * shownAt(clamp(ivec2(column, row), ivec2(0), size - 1));
        total += near.x * near.y;
      }
    }
    rgb = sum / total;
  }
  gl_FragData[0] = vec4(rgb, 1.0);
"""
"""The triangle of `scaling`, over grey levels, not codes: between padding and tissue there is no code that
could be looked up.
"""


class ImageScene:
    """A renderer with at most one picture in it."""

    def __init__(self, window: Any) -> None:  # noqa: ANN401 (VTK's classes have no types)
        self._window = window
        self._item: _Item | None = None
        self._renderer = vtkRenderer()
        self._renderer.SetBackground(0, 0, 0)
        self._renderer.SetBackgroundAlpha(1.0)  # alpha 0 lets Qt's own background shine through
        window.AddRenderer(self._renderer)

    def show(self, picture: Picture | None, table: NDArray[np.uint8], place: Placement) -> None:
        """Draw this picture at the next render; textures are uploaded only where something has changed."""
        if picture is None:
            self.drop()
            return
        level = level_for(place.scale)
        if self._item is None or not self._item.holds(picture, level):
            self.drop()
            self._item = _Item(self._window, picture, level)
            self._renderer.AddActor(self._item.actor)
        self._item.set_table(table)
        self._item.move(place)
        _look_down(self._renderer.GetActiveCamera(), place)

    def drop(self) -> None:
        """Let go of textures and actor, while their context is current."""
        if self._item is not None:
            self._renderer.RemoveActor(self._item.actor)
            self._item.release(self._window)
            self._item = None


def _look_down(camera: Any, place: Placement) -> None:  # noqa: ANN401
    """Device pixels, (0, 0) top left; VTK's own row 0 is at the bottom."""
    camera.ParallelProjectionOn()
    camera.SetFocalPoint(place.width / 2, place.height / 2, 0)
    camera.SetPosition(place.width / 2, place.height / 2, -1000)
    camera.SetViewUp(0, -1, 0)
    camera.SetParallelScale(place.height / 2)
    camera.SetClippingRange(1, 2000)


class _Item:
    """One level of one picture on a quad."""

    def __init__(self, window: Any, picture: Picture, level: int) -> None:  # noqa: ANN401
        self._picture, self._level = picture, level
        self._keep: list[Any] = []
        self._table: NDArray[np.uint8] | None = None
        self._quad = vtkPlaneSource()
        mapper = vtkPolyDataMapper()
        mapper.SetInputConnection(self._quad.GetOutputPort())
        self.actor = vtkActor()
        self.actor.SetMapper(mapper)
        self.actor.GetProperty().LightingOff()
        pixels = np.ascontiguousarray(picture.pixels(level))
        self._lut = np.full((256, 256, 4), 255, np.uint8)
        look, source = self.actor.GetProperty(), _CODE
        if picture.colour:
            opaque = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
            self.actor.SetTexture(_rgba(np.ascontiguousarray(opaque), self._keep)[0])
            source = _COLOUR
        else:
            self.actor.SetTexture(_native(window, pixels, _USHORT, self._keep))
            lut, self._lut_image = _rgba(self._lut, self._keep)
            look.SetTexture("lutTex", lut)
        holes = picture.holes(level)
        if holes is not None:
            mask = np.ascontiguousarray(holes).astype(np.uint8) * 255
            look.SetTexture("holeTex", _native(window, mask, _UCHAR, self._keep))
        source += _WHOLE if holes is None else _HOLES
        shader = self.actor.GetShaderProperty()
        declared = "//VTK::TCoord::Dec"  # VTK declares the textures there
        shader.AddFragmentShaderReplacement(declared, True, declared + source, False)
        shader.AddFragmentShaderReplacement("//VTK::TCoord::Impl", True, _MEAN, False)

    def holds(self, picture: Picture, level: int) -> bool:
        """True where this is already uploaded."""
        return self._picture is picture and self._level == level

    def set_table(self, table: NDArray[np.uint8]) -> None:
        """Upload another grey table."""
        if self._picture.colour or table is self._table:
            return
        self._table = table
        self._lut[..., :3] = table.reshape(256, 256, 1)
        self._lut_image.GetPointData().GetScalars().Modified()
        self._lut_image.Modified()

    def move(self, place: Placement) -> None:
        """Put the quad where the picture lies. Nearest at 1:1, where neighbours would leak in."""
        size = 2**self._level
        rows, columns = self._picture.pixels(self._level).shape[:2]
        left, top = place.to_device(0, 0)
        along_columns = place.to_device(columns * size, 0)
        along_rows = place.to_device(0, rows * size)
        self._quad.SetOrigin(left, top, 0)
        self._quad.SetPoint1(*along_columns, 0)
        self._quad.SetPoint2(*along_rows, 0)
        uniforms = self.actor.GetShaderProperty().GetFragmentCustomUniforms()
        uniforms.SetUniformf("smoothly", float(not place.exact))
        across, down = abs(place.sx) * size, abs(place.sy) * size
        if place.turn.transposed:
            across, down = down, across
        uniforms.SetUniformf("reachColumns", max(1.0, 1 / across))
        uniforms.SetUniformf("reachRows", max(1.0, 1 / down))

    def release(self, window: Any) -> None:  # noqa: ANN401
        """Give the textures back."""
        self.actor.ReleaseGraphicsResources(window)
        for item in self._keep:
            if hasattr(item, "ReleaseGraphicsResources"):
                item.ReleaseGraphicsResources(window)


def _native(window: Any, pixels: NDArray[Any], kind: int, keep: list[Any]) -> Any:  # noqa: ANN401
    """An R8 or R16 texture; `vtkTexture` itself would squash one-component data to 8-bit RGBA."""
    texture = vtkTextureObject()
    texture.SetContext(window)
    if not texture.Create2DFromRaw(pixels.shape[1], pixels.shape[0], 1, kind, pixels):
        raise RuntimeError("no texture: the render window is not initialised or its context not current")
    out = vtkOpenGLTexture()
    out.SetTextureObject(texture)
    keep += [pixels, texture, out]
    return out


def _rgba(pixels: NDArray[np.uint8], keep: list[Any]) -> tuple[Any, Any]:
    """(rows, columns, 4) uint8, uploaded untouched; `Modified` of the image uploads it again."""
    image = vtkImageData()
    image.SetDimensions(pixels.shape[1], pixels.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(pixels.reshape(-1, 4), deep=0))  # type: ignore[no-untyped-call]
    texture = vtkTexture()
    texture.SetInputData(image)
    texture.SetColorModeToDirectScalars()
    texture.InterpolateOff()
    texture.MipmapOff()
    texture.RepeatOff()
    keep += [pixels, image, texture]
    return texture, image
